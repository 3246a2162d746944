import Engine
import Foundation

@testable import Recap

/// Models that have learnt next to nothing, in the embedded models' sizes and layout: made once for all tests.
enum TinyAssets {
  /// What `DIVA_TUI_ASSETS` would name.
  static let path: String = {
    let path = NSTemporaryDirectory() + "tiny-assets-\(getpid())"
    removal = path
    atexit { try? FileManager.default.removeItem(atPath: TinyAssets.removal) }
    return path
  }()

  nonisolated(unsafe) private static var removal = ""

  /// `path`, once the models are there.
  static let ready = Result { () throws -> String in
    let plan = NSTemporaryDirectory() + "tiny-plan-\(getpid()).json"
    defer { try? FileManager.default.removeItem(atPath: plan) }
    try RunJSON.pretty(TinyAssets.plan).write(to: URL(filePath: plan))
    made = try diva(["pretrain", "--out", path + "/mini", "--plan", plan, "--json"], assets: path)
    return path
  }

  /// What `pretrain` said when it made them.
  nonisolated(unsafe) private(set) static var made = Hearing()

  static var plan: PretrainPlan {
    var plan = PretrainPlan.mini
    (plan.text.steps, plan.text.pairs, plan.text.singles) = (1, 2, 2)
    (plan.towers.steps, plan.towers.pairs, plan.towers.singles) = (2, 2, 2)
    (plan.baseline.steps, plan.baseline.singles) = (1, 4)
    (plan.autoencoder.steps, plan.autoencoder.batch) = (1, 2)
    (plan.denoiser.steps, plan.denoiser.batches, plan.denoiser.pairs, plan.denoiser.singles) = (2, 1, 0, 2)
    if var generator = plan.generator {
      (generator.steps, generator.batches, generator.pairs, generator.singles) = (2, 1, 0, 2)
      plan.generator = generator
    }
    if var genhancer = plan.genhancer {
      (genhancer.steps, genhancer.batches, genhancer.pairs, genhancer.singles) = (2, 1, 0, 2)
      plan.genhancer = genhancer
    }
    plan.measuredScenes = 8
    (plan.candidates, plan.kept, plan.browsed) = (2, 1, 1)
    return plan
  }
}
