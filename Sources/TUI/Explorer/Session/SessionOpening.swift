import Engine
import Recap

/// The parts that a session opens, and how far each is.
struct SessionOpening {
  private(set) var parts: [OpeningPart]
  private let report: Reporter
  private let isClosing: () -> Bool
  private var lastReport = ContinuousClock.now

  /// Between two reports of progress.
  private static let interval = Duration.milliseconds(100)

  init(_ options: SessionOptions, isClosing: @escaping () -> Bool, report: Reporter) {
    parts = [OpeningPart(kind: .clip, path: options.clip)]
    if let tuned = options.tuned { parts.append(OpeningPart(kind: .tuned, path: tuned)) }
    parts.append(OpeningPart(kind: .pairs, path: options.mmvp))
    parts.append(OpeningPart(kind: .diffusion, path: options.diffusion))
    (self.isClosing, self.report) = (isClosing, report)
    report.activity.opening = parts
  }

  /// The part to open now.
  var next: OpeningPart.Kind? { parts.first { $0.state == .waiting }?.kind }

  mutating func set(_ kind: OpeningPart.Kind, _ state: OpeningPart.State) {
    guard let at = parts.firstIndex(where: { $0.kind == kind }) else { return }
    parts[at].state = state
    lastReport = .now
    report.activity.opening = parts
  }

  /// Opens a part and reports how far it is; nil when that failed: its state then has the problem.
  ///
  /// Throws a `CancellationError` when the program is about to end.
  mutating func open<Part>(
    _ kind: OpeningPart.Kind, saying words: (Part) -> String, _ body: (@escaping ReadingObserver) throws -> Part
  ) throws -> Part? {
    set(kind, .reading(nil))
    do {
      var progress = self
      let part = try body { reading in
        if progress.isClosing() { throw CancellationError() }
        guard progress.lastReport.duration(to: .now) > Self.interval else { return }
        progress.set(kind, .reading(reading))
      }
      set(kind, .ready(words(part)))
      return part
    } catch let error as CancellationError {
      throw error
    } catch {
      set(kind, .failed(Problem(error)))
      return nil
    }
  }
}
