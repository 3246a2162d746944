import Engine
import Recap

/// Whether both models still know what a ball is, asked a few pictures at a time; the baseline is asked only once.
struct ZeroShotDesk {
  private var baseline: GradualZeroShot
  private var tuned: GradualZeroShot

  init(_ workspace: Workspace, _ models: DivaModels, seed: UInt64) throws {
    let benchmark = try workspace.zeroShot(perKind: workspace.picturesPerKind)
    func asking(_ vision: CLIPVisionTower) -> GradualZeroShot {
      GradualZeroShot(
        benchmark, of: vision, preprocessing: workspace.preprocessing, feature: workspace.backbone.benchmark, seed: seed
      )
    }
    (baseline, tuned) = (asking(models.baseline.vision), asking(models.tuned))
  }

  /// The next few pictures, of the baseline's first.
  mutating func advance() {
    if baseline.isFinished { tuned.advance() } else { baseline.advance() }
  }

  mutating func renew(tuned vision: CLIPVisionTower) { tuned.renew(vision: vision) }

  var progress: WorkProgress { WorkProgress(done: baseline.done + tuned.done, all: baseline.all + tuned.all) }

  /// In per cent; nil until both have looked at all pictures.
  var accuracies: (baseline: Double, tuned: Double)? {
    guard let baseline = baseline.accuracy, let tuned = tuned.accuracy else { return nil }
    return (baseline, tuned)
  }
}
