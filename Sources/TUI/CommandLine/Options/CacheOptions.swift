import ArgumentParser
import Recap

/// Whether features that were computed before are read again.
struct CacheOptions: ParsableArguments {
  @Flag(help: "Recompute all features instead of reading them from the cache.") var noCache = false

  /// - Parameter weights: the paths of the weights, by which their features are known again.
  func features(of weights: [String], _ console: Console) -> FeatureCache? {
    noCache ? nil : FeatureCache(weights: weights, environment: console.environment)
  }
}
