import Engine
import Recap

/// Whether both models still know what a ball is, asked a few pictures at a time; the baseline is asked only once.
struct ZeroShotDesk {
  private let benchmark: ZeroShotBenchmark
  private let workspace: Workspace
  private let seed: UInt64
  private var baseline: GradualZeroShot
  /// It must not learn while it is asked.
  private var tuned: GradualZeroShot?

  init(_ workspace: Workspace, baseline: CLIPVisionTower, seed: UInt64) throws {
    benchmark = try workspace.zeroShot(perKind: Self.picturesPerKind)
    (self.workspace, self.seed) = (workspace, seed)
    self.baseline = Self.asking(baseline, benchmark, workspace, seed)
  }

  /// A published CLIP takes a thousand times the mini world's for a picture.
  private static let picturesPerKind = 4

  private static func asking(
    _ vision: CLIPVisionTower, _ benchmark: ZeroShotBenchmark, _ workspace: Workspace, _ seed: UInt64
  ) -> GradualZeroShot {
    GradualZeroShot(
      benchmark, of: vision, preprocessing: workspace.preprocessing, feature: workspace.backbone.benchmark, seed: seed)
  }

  /// The next few pictures, of the baseline's first.
  mutating func advance(tuned vision: CLIPVisionTower) {
    guard baseline.isFinished else { return baseline.advance() }
    if tuned == nil { tuned = Self.asking(vision, benchmark, workspace, seed) }
    tuned?.advance()
  }

  /// The tuned CLIP has changed.
  mutating func forgetTuned() { tuned = nil }

  var progress: WorkProgress {
    WorkProgress(done: baseline.done + (tuned?.done ?? 0), all: 2 * baseline.all, secondsLeft: nil)
  }

  /// In per cent; nil until both have looked at all pictures.
  var accuracies: (baseline: Double, tuned: Double)? {
    guard let baseline = baseline.accuracy, let tuned = tuned?.accuracy else { return nil }
    return (baseline, tuned)
  }
}
