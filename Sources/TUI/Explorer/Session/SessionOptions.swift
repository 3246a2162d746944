import Recap

/// What a session opens, and how it trains.
package struct SessionOptions: Sendable {
  var configuration: TrainConfiguration
  /// Which density this is depends on the CLIP; nil keeps the configuration's.
  var density: DensityChoice?
  /// The micro-batch has the size that was given.
  var keepsBatch: Bool
  var clip: String?
  var tuned: String?
  var diffusion: String?
  var backbone: Backbone.Name?
  /// A folder of pairs in MMVP's layout; nil for the embedded ones.
  var mmvp: String?
  /// Images to learn from; nil for the mini world.
  var data: DataPlan?
  /// The prompt of all contexts; nil for the reference's.
  var prompt: String?
  /// A run to resume; its models and settings are the others here.
  package var resumes: RunFolder?
  /// Says where caches and runs lie; without it nothing is cached.
  var environment: [String: String]

  package init(
    configuration: TrainConfiguration = TrainConfiguration(), density: DensityChoice? = .reference,
    keepsBatch: Bool = false, clip: String? = nil, tuned: String? = nil, diffusion: String? = nil,
    backbone: Backbone.Name? = nil, mmvp: String? = nil, data: DataPlan? = nil, prompt: String? = nil,
    resumes: RunFolder? = nil, environment: [String: String] = [:]
  ) {
    (self.configuration, self.density, self.keepsBatch) = (configuration, density, keepsBatch)
    (self.clip, self.tuned, self.diffusion, self.backbone) = (clip, tuned, diffusion, backbone)
    (self.mmvp, self.data, self.prompt, self.resumes) = (mmvp, data, prompt, resumes)
    self.environment = environment
  }

  func plan(for backbone: Backbone) -> TrainConfiguration {
    var plan = configuration
    if let density { plan.density = density.density(for: backbone) }
    return keepsBatch ? plan : backbone.policy.fitted(plan)
  }
}

extension SessionOptions {
  /// Resumes a run with the models and settings that it began with.
  package init(resuming run: RunFolder, environment: [String: String]) throws {
    let description = run.description
    func given(_ path: String) -> String? { path == RunDescription.embedded ? nil : path }
    try description.requireResumable(run.path)
    self.init(
      configuration: description.configuration, density: nil, keepsBatch: true, clip: given(description.clip),
      tuned: description.tuned, diffusion: given(description.diffusion), backbone: description.backbone,
      mmvp: description.mmvp, data: description.images, prompt: description.prompt, resumes: run,
      environment: environment)
  }
}
