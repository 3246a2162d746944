import Recap

/// What a training session opens and how it trains.
struct SessionOptions: Sendable {
  var configuration = TrainConfiguration()
  var clip: String?
  var tuned: String?
  var diffusion: String?
}
