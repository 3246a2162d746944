import Recap

/// What a session opens and how it trains.
struct SessionOptions: Sendable {
  /// Its density is not used: `density` says it once the CLIP is known.
  var configuration = TrainConfiguration()
  var density = DensityChoice.reference
  /// A person has said how many images a micro-batch has.
  var keepsBatch = false
  var clip: String?
  var tuned: String?
  var diffusion: String?
  var backbone: Backbone.Name?
  /// A folder of pairs in MMVP's layout; nil for the embedded ones.
  var mmvp: String?
  /// Images to learn from; nil for the mini world.
  var data: DataPlan?
  /// Words that all images' contexts have in common; nil for the reference's.
  var prompt: String?
  /// Says where caches and runs lie; without it nothing is cached.
  var environment: [String: String] = [:]

  func plan(for backbone: Backbone) -> TrainConfiguration {
    var plan = configuration
    plan.density = density.density(for: backbone)
    if backbone.name != .mini, !keepsBatch {
      // As many images a step as in the mini world, but large models have memory for one at a time.
      plan.accumulate *= plan.batch
      plan.batch = 1
    }
    return plan
  }
}
