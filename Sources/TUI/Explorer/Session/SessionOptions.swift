import Recap

/// What a session opens, and how it trains.
package struct SessionOptions: Sendable {
  package var configuration = TrainConfiguration()
  /// Which density this is depends on the CLIP; nil keeps the configuration's.
  package var density: DensityChoice? = .reference
  /// The micro-batch has the size that was given.
  package var keepsBatch = false
  /// What the configuration keeps where a CLIP or a feedback has another usual value.
  package var given: GivenSettings = [.rate, .tuning]
  package var clip: String?
  package var tuned: String?
  package var diffusion: String?
  package var backbone: Backbone.Name?
  /// A folder of pairs in MMVP's layout; nil for the embedded ones.
  package var mmvp: String?
  /// What is scored besides the pairs.
  package var elsewhere = Elsewhere()
  /// Images to learn from; nil for the mini world.
  package var data: DataPlan?
  /// The prompt of all contexts; nil for the reference's.
  package var prompt: String?
  /// What a run keeps of each evaluation; nil for what suits the CLIP.
  package var record: Recording?
  /// The models are looked at beside a run of another program, which is not trained here.
  var onlyLooks = false
  /// A run to resume; its models and settings are the others here.
  package var resumes: RunFolder?
  /// Says where caches and runs lie; without it nothing is cached.
  var environment: [String: String] = [:]

  /// The pairs that the run is scored on and that are browsed: one set on all screens.
  func scored(for backbone: Backbone, mini: MiniFolder) -> ScoredPairs {
    if let resumes { return ScoredPairs(of: resumes.description) }
    if let mmvp { return .folder(RunDescription.absolute(mmvp)) }
    return backbone.policy.scoresMinedPairs ? .validation(.mined) : .folder(mini.benchmark.path)
  }

  /// Whether training begins without a key: it takes minutes, and no other pairs were brought to look at.
  func startsByItself(_ backbone: Backbone) -> Bool {
    !onlyLooks && (resumes != nil || backbone.policy.isEager && mmvp == nil)
  }

  /// Whether models were named.
  package var namesModels: Bool { clip != nil || tuned != nil || diffusion != nil }

  func plan(for backbone: Backbone) -> TrainConfiguration {
    var plan = configuration
    if let density { plan.density = density.density(for: backbone) }
    plan = backbone.policy.usual(plan, keeping: given)
    return keepsBatch ? plan : backbone.policy.fitted(plan)
  }
}

extension SessionOptions {
  /// The embedded models.
  package init(environment: [String: String]) { self.init(keepsBatch: false, environment: environment) }

  /// Resumes a run with the models and settings that it began with.
  package init(resuming run: RunFolder, environment: [String: String]) throws {
    let description = run.description
    func given(_ path: String) -> String? { path == RunDescription.embedded ? nil : path }
    try description.requireResumable(run.path)
    self.init(
      configuration: description.configuration, density: nil, keepsBatch: true, clip: given(description.clip),
      tuned: description.tuned, diffusion: given(description.diffusion), backbone: description.backbone,
      mmvp: description.mmvp, elsewhere: Elsewhere(of: description), data: description.images,
      prompt: description.prompt, resumes: run,
      environment: environment)
  }
}
