import Engine

/// The parts that a session opens, and how far each is.
final class SessionOpening {
  private let report: Reporter
  private let isClosing: () -> Bool
  private var lastReport = ContinuousClock.now

  /// Between two reports of progress.
  private static let interval = Duration.milliseconds(100)

  init(_ options: SessionOptions, isClosing: @escaping () -> Bool, report: Reporter) {
    (self.isClosing, self.report) = (isClosing, report)
    let tuned = options.tuned.map { [OpeningPart(kind: .tuned, path: $0)] } ?? []
    report.activity.opening =
      [OpeningPart(kind: .clip, path: options.clip)] + tuned
      + [OpeningPart(kind: .pairs, path: options.mmvp), OpeningPart(kind: .diffusion, path: options.diffusion)]
  }

  var parts: [OpeningPart] { report.activity.opening }

  /// The part to open now.
  var next: OpeningPart.Kind? { parts.first { $0.state == .waiting }?.kind }

  func set(_ kind: OpeningPart.Kind, _ state: OpeningPart.State) {
    guard let at = parts.firstIndex(where: { $0.kind == kind }) else { return }
    report.activity.opening[at].state = state
    lastReport = .now
  }

  /// Opens a part and reports how far it is; nil when that failed: its state then has the problem.
  ///
  /// Throws a `CancellationError` when the program is about to end.
  func open<Part>(
    _ kind: OpeningPart.Kind, saying words: (Part) -> String, _ body: (@escaping ReadingObserver) throws -> Part
  ) throws -> Part? {
    set(kind, .reading(nil))
    do {
      let part = try body { [self] reading in
        if isClosing() { throw CancellationError() }
        guard lastReport.duration(to: .now) > Self.interval else { return }
        set(kind, .reading(reading))
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
