import Recap

/// The run on the screens: what it is, and what has happened in it.
struct OpenedRun: Equatable, Sendable {
  var name = ""
  /// Its folder; empty before it has one.
  var path = ""
  /// nil before the models are known.
  var plan: TrainConfiguration?
  /// Its place in the list of runs.
  var number = 0
  /// Another process trains or trained it: it can be watched, not steered.
  var isFollowed = false
  /// What recorded it, where that was not this program.
  var program: ForeignRun.Program?
  /// Steps in all, where the other program says so.
  var plannedSteps: Int?
  /// The length of the noise schedule.
  var scheduleLength = 1000
  /// All noise levels of an image are reconstructed, as that is quick; otherwise only those that are requested.
  var rebuildsEveryLevel = true
  /// The steps of the evaluations whose towers were recorded, rising.
  var towers: [Int] = []
  /// The fold of its log.
  private(set) var history = RunHistory()
  /// The loss under each density, from the same entries.
  private(set) var densities = DensityTable()
  /// The density of the next training step.
  var density: RecapDensity { history.density ?? plan?.density ?? .classOnly }

  /// Takes the next line of its log; in constant time, however long the run.
  mutating func add(_ entry: LogEntry) {
    history.add(entry)
    switch entry {
    case .step(let report): densities.add(report)
    case .density(_, let density): densities.include(density)
    default: break
    }
  }

  /// The models that are looked at beside a run of another program.
  mutating func take(modelsOf other: OpenedRun) {
    (densities, scheduleLength, rebuildsEveryLevel) = (other.densities, other.scheduleLength, other.rebuildsEveryLevel)
  }

  /// Lists this density among those that can be looked at.
  mutating func offer(_ density: RecapDensity) { densities.include(density) }
}

extension OpenedRun {
  init(
    name: String, plan: TrainConfiguration?, history: RunHistory = RunHistory(),
    densities: DensityTable = DensityTable()
  ) {
    (self.name, self.plan, self.history, self.densities) = (name, plan, history, densities)
    self.densities.include(density)
  }

  /// Steps of the stage that is on, and how many it has in all.
  var step: Int { history.steps.last?.step ?? history.scalars.lastStep }
  var totalSteps: Int { (isAligning ? plan?.alignSteps : plan?.steps) ?? plannedSteps ?? 0 }
  /// Whether there is anything to draw over steps.
  var hasSteps: Bool { !history.steps.isEmpty || !history.scalars.series.isEmpty }
  /// The projection learns, and CLIP has not changed yet.
  var isAligning: Bool { history.steps.last.map { $0.stage == .align } ?? (plan.map { $0.alignSteps > 0 } ?? false) }
  /// How much of the stage that is on is done, as a part of one.
  var progress: Double { Double(step) / Double(max(totalSteps, 1)) }
}
