import Engine
import Foundation

/// The weights between the baseline's image tower and a tuned one's, and beyond: (1 − α)·baseline + α·trained, each scored
/// like an evaluation, a few images at a time (WiSE-FT: Wortsman et al. 2022, arXiv 2109.01903).
///
/// ```swift
/// let blend = try WeightBlend(models, kept: 0.75, evaluator: evaluator, step: 1100)
/// while let alpha = blend.next { blend.begin(alpha); while blend.current != nil { blend.advance() } }
/// ```
public final class WeightBlend {
  /// The steps on the tuned tower.
  public let step: Int
  /// α of the tuned tower as it is; below 1 where a run's end has moved it back already.
  public let kept: Double
  public private(set) var points: [BlendPoint] = []
  /// The α that is scored now.
  public private(set) var current: Double?
  private let baseline: [Tensor]
  private let tuned: [Tensor]
  /// Of the run, which a checkpoint has too.
  private let projections: [String: Tensor]
  /// trained − baseline.
  private let change: [Tensor]
  private let vision: CLIPVisionTower
  private var evaluator: Evaluator

  /// Points that `next` gives in all.
  public static let usualCount = 11
  private static let first = [1, 0.5, 0.25, 0.75, 1.25]
  /// No α lies nearer to another.
  private static let grain = 0.05
  /// The largest α: beyond the trained weights both accuracies only fall.
  public static let largest = 1.25

  /// - Parameters:
  ///   - models: whose tuned tower is taken as it is now; it may change afterwards.
  ///   - kept: α of that tower.
  ///   - evaluator: of the same baseline.
  public init(_ models: DivaModels, kept: Double = 1, evaluator: Evaluator, step: Int) throws {
    precondition(kept > 0, "a tower of α = 0 is the baseline")
    (self.step, self.kept, self.evaluator) = (step, kept, evaluator)
    vision = try models.tuned.copied()
    let before = models.baseline.vision.parameters.map { $0.value.detached() }
    let now = models.tuned.parameters.map { $0.value.detached().copied() }
    (baseline, tuned, projections) = (before, now, models.projectionTensors.mapValues { $0.copied() })
    change = withoutGradient { zip(before, now).map { ($1 - $0).scaled(by: Float(1 / kept)) } }
  }

  // MARK: - Points

  /// The α to score now: what the run kept, the ends and their middles, then around the knee; nil once there are enough.
  public var next: Double? {
    let known = points.map(\.alpha)
    if let start = ([kept] + Self.first).first(where: { alpha in !known.contains { abs($0 - alpha) < 1e-9 } }) {
      return start
    }
    guard known.count < Self.usualCount, let knee = Self.knee(points)?.alpha else { return nil }
    let sides = [known.filter { $0 < knee }.max(), known.filter { $0 > knee }.min()].compactMap { $0 }
    let widest = sides.max { abs($0 - knee) < abs($1 - knee) }
    guard let widest, abs(widest - knee) > 1.5 * Self.grain else { return nil }
    return ((widest + knee) / 2 / Self.grain).rounded() * Self.grain
  }

  /// Most pairs right among the points that are not sure to cost zero-shot accuracy: whose 95 % interval of the change against
  /// the baseline reaches 0. The smallest α of several.
  public static func knee(_ points: [BlendPoint]) -> BlendPoint? {
    let harmless = points.filter { ($0.report.zeroShotInterval95?[1] ?? $0.report.zeroShotChange) >= 0 }
    let best = harmless.map(\.report.tunedCorrect).max()
    return harmless.filter { $0.report.tunedCorrect == best }.min { $0.alpha < $1.alpha }
  }

  /// Begins to score an α.
  public func begin(_ alpha: Double) {
    current = alpha
    setTower(alpha)
    evaluator.begin(vision)
  }

  /// Encodes the next few images; the point is there after the last.
  public func advance() {
    guard let alpha = current else { return }
    evaluator.advance()
    guard evaluator.isFinished else { return }
    current = nil
    let reports = evaluator.reports(step: step)
    // The baseline's answers are among them: α = 0 costs nothing.
    if points.isEmpty, alpha != 0 { add(0, reports.evaluation.ofBaseline, reports.predictions.baselineCorrect) }
    add(alpha, reports.evaluation, reports.predictions.tunedCorrect)
  }

  private func add(_ alpha: Double, _ report: EvaluationReport, _ areRight: [Bool]) {
    points.append(BlendPoint(alpha: alpha, report: report, areRight: areRight))
    points.sort { $0.alpha < $1.alpha }
  }

  /// Images of both CLIPs, done and all, of the point that is scored.
  public var images: (done: Int, all: Int) { evaluator.images }

  // MARK: - Weights

  private func setTower(_ alpha: Double) {
    for (index, parameter) in vision.parameters.enumerated() { parameter.assign(weights(index, alpha)) }
  }

  private func weights(_ index: Int, _ alpha: Double) -> Tensor {
    // What the run kept is scored to the bit.
    guard abs(alpha - kept) > 1e-9 else { return tuned[index] }
    return withoutGradient { baseline[index] + change[index].scaled(by: Float(alpha)) }
  }

  /// Writes the tower of an α as a checkpoint folder, which `--tuned` and `export` take; whole or not at all.
  ///
  /// - Parameters:
  ///   - run: where the tower comes from.
  ///   - path: of a folder that is not there yet.
  public func write(_ alpha: Double, run: String, to path: String) throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw Problem("cannot write \(path): it is there already", advice: "give a new folder")
    }
    let tower = vision.parameters.enumerated().map { ($1.name, weights($0, alpha)) }
    try Checkpoint.write(
      at: path, step: step,
      tensors: ["model": Dictionary(uniqueKeysWithValues: tower), "visual_proj": projections],
      state: BlendOrigin(alpha: alpha, run: run, trained: step))
  }

  /// `state.json` of such a checkpoint: it cannot be resumed from.
  private struct BlendOrigin: Codable {
    var alpha: Double
    var run: String
    var trained: Int
  }
}

/// The scores of one α.
public struct BlendPoint: Equatable, Sendable {
  public var alpha: Double
  /// The weights of this α as the tuned CLIP.
  public var report: EvaluationReport
  /// Of each pair, whether both statements found their image.
  public var areRight: [Bool]
}
