import Recap

/// What a session opens, and how it trains.
struct SessionOptions: Sendable {
  var configuration = TrainConfiguration()
  /// Which density this is depends on the CLIP; nil keeps the configuration's.
  var density: DensityChoice? = .reference
  /// The micro-batch has the size that was given.
  var keepsBatch = false
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
  /// Says where caches and runs lie; without it nothing is cached.
  var environment: [String: String] = [:]

  func plan(for backbone: Backbone) -> TrainConfiguration {
    var plan = configuration
    if let density { plan.density = density.density(for: backbone) }
    return keepsBatch ? plan : backbone.policy.fitted(plan)
  }
}
