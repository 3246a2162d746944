import Engine
import Recap

/// The towers that a run's evaluations scored, on a set of models that takes up the one that is looked at.
final class RecordedTowers {
  private let folder: RunFolder
  private let report: Reporter
  /// With the baseline that the run began with.
  private let make: () throws -> DivaModels
  private var loaded: (step: Int, models: DivaModels)?
  /// Named once, and left out from then on.
  private var damaged: Set<Int> = []

  init(of folder: RunFolder, report: Reporter, models make: @escaping () throws -> DivaModels) {
    (self.folder, self.report, self.make) = (folder, report, make)
  }

  /// Those that can be looked at, as far as is known.
  var steps: [Int] { folder.towerSteps.filter { !damaged.contains($0) } }

  /// The models at a step; nil where its tower cannot be used, which is reported once.
  func models(at step: Int) -> DivaModels? {
    if let loaded, loaded.step == step { return loaded.models }
    guard !damaged.contains(step) else { return nil }
    do {
      let models = try loaded?.models ?? make()
      // They are of no step while they change.
      loaded = nil
      try TowerRecord.restore(models, to: step, of: folder)
      loaded = (step, models)
      return models
    } catch {
      damaged.insert(step)
      report.post(.problem(Problem(error)))
      report.post(.towers(steps))
      return nil
    }
  }

  /// The evaluation of this step has come again.
  func renew(_ step: Int) {
    damaged.remove(step)
    if loaded?.step == step { loaded = nil }
  }
}
