import Engine
import Recap

/// Zero-shot accuracy of both models, a few images at a time; of the baseline only once.
struct ZeroShotJob {
  private var baseline: GradualZeroShot
  private var tuned: GradualZeroShot

  init(_ workspace: Workspace, _ models: DivaModels, seed: UInt64) throws {
    let benchmark = try workspace.zeroShot(perKind: workspace.backbone.policy.imagesPerKind)
    func job(_ vision: CLIPVisionTower) -> GradualZeroShot {
      GradualZeroShot(
        benchmark, of: vision, preprocessing: workspace.preprocessing, feature: workspace.backbone.benchmark, seed: seed
      )
    }
    (baseline, tuned) = (job(models.baseline.vision), job(models.tuned))
  }

  /// The next few images, for the baseline first.
  mutating func advance() {
    if baseline.isFinished { tuned.advance() } else { baseline.advance() }
  }

  mutating func renew(tuned vision: CLIPVisionTower) { tuned.renew(vision: vision) }

  var progress: WorkProgress { WorkProgress(done: baseline.done + tuned.done, all: baseline.all + tuned.all) }

  /// In per cent; nil until both have classified all images.
  var accuracies: (baseline: Double, tuned: Double)? {
    guard let baseline = baseline.accuracy, let tuned = tuned.accuracy else { return nil }
    return (baseline, tuned)
  }
}
