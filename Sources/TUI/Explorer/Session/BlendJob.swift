import Engine
import Recap

/// Scores the weights between baseline and tuned, a few images at a time, and keeps one of them where a person asks for it.
final class BlendJob: BackgroundJob {
  /// The recorded step that was requested; nil for the tower that the run had at the request.
  let request: Int?
  private let blend: WeightBlend
  private let report: Reporter
  /// An α that a person wants to know, before the others.
  private var wanted: Double?
  private(set) var isCancelled = false
  /// Seconds of work, the images encoded in them, and those of a point.
  private var spent = 0.0
  private var images = 0
  private var imagesPerPoint = 0
  private var doneOfPoint = 0

  init(_ blend: WeightBlend, request: Int?, report: Reporter) {
    (self.blend, self.request, self.report) = (blend, request, report)
    post()
  }

  var step: Int { blend.step }
  var isWaiting: Bool { !isCancelled && (blend.current != nil || wanted != nil || blend.next != nil) }

  func go(on alpha: Double? = nil) {
    isCancelled = false
    if let alpha, !blend.points.contains(where: { abs($0.alpha - alpha) < 1e-9 }) { wanted = alpha }
    post()
  }

  func cancel() {
    isCancelled = true
    post()
  }

  /// Encodes the next few images.
  func advance() {
    spent += takeTurn(encode)
    post()
  }

  private func encode() -> Bool {
    if blend.current == nil {
      guard let alpha = wanted ?? blend.next else { return false }
      wanted = nil
      blend.begin(alpha)
      doneOfPoint = blend.images.done
    }
    let before = blend.images.done
    blend.advance()
    images += max(blend.images.done - before, 0)
    imagesPerPoint = blend.images.all - blend.images.all / 2
    return true
  }

  private func post() {
    let left = WeightBlend.usualCount - min(blend.points.count, WeightBlend.usualCount)
    let pace = images > 0 ? spent / Double(images) : nil
    let rest =
      Double(left * imagesPerPoint) - Double(blend.current == nil ? 0 : max(blend.images.done - doneOfPoint, 0))
    report.post(
      .blend(
        BlendCurve(
          request: request, step: blend.step, kept: blend.kept, points: blend.points, current: blend.current,
          all: isWaiting || isCancelled ? max(WeightBlend.usualCount, blend.points.count) : blend.points.count,
          secondsLeft: pace.map { max(rest, 0) * $0 }, isCancelled: isCancelled)))
  }

  /// Writes the weights of an α as a checkpoint.
  func keep(_ alpha: Double, run: String, at path: String) {
    report.attempt {
      let place = RunDescription.absolute(path)
      try blend.write(alpha, run: run, to: place)
      report.post(.said("α \(alpha.text(decimals: 2)) is in \(place): diva-tui export --tuned takes it"))
    }
  }
}
