import Engine

/// What happens in a run, one line of its log each: the one vocabulary of the log, the command line and the explorer.
///
/// A line is a flat JSON object; `event` says which:
///
/// | event | members |
/// |---|---|
/// | `step` | `stage` (`align`, `train`), `step`, `loss`, `lr`, `gradNorm`, `imagesPerSecond`, `seconds`, `density` |
/// | `evaluation` | the members of `EvaluationReport` |
/// | `predictions` | the members of `PredictionReport` |
/// | `smallEvaluation` | the members of `SmallEvaluationReport` |
/// | `density` | `step`, `density` (as on the command line) |
/// | `checkpoint` | `step`, `folder`; `kept`: false if the next checkpoint takes its place |
/// | `finished` | `step`, `seconds` |
/// | `paused` | `step`: a person has paused the run |
/// | `stopped` | `step`: the run ended before its last step; `cause`: the signal, or the rule, that ended it |
/// | `failed` | `step`, `message`: an error ended the run |
/// | `scalars` | the members of `ScalarReport`: what another program recorded |
/// | `picture` | the members of `PictureReport`: where another program's picture lies |
///
/// Members are only ever added. Numbers that are not finite are the strings "NaN", "Infinity", "-Infinity".
public enum LogEntry: Equatable, Sendable {
  case step(StepReport)
  case evaluation(EvaluationReport)
  case predictions(PredictionReport)
  case smallEvaluation(SmallEvaluationReport)
  case density(step: Int, density: RecapDensity)
  case checkpoint(step: Int, folder: String, isKept: Bool = true)
  case finished(step: Int, seconds: Double)
  case paused(step: Int)
  case stopped(step: Int, cause: String? = nil)
  case failed(step: Int, message: String)
  case scalars(ScalarReport)
  case picture(PictureReport)

  /// Entries that a power cut must not take.
  var isMilestone: Bool {
    switch self {
    case .step, .density, .scalars, .picture: false
    case .evaluation, .predictions, .smallEvaluation, .checkpoint, .finished, .paused, .stopped, .failed: true
    }
  }
}

extension LogEntry: Codable {
  private enum Kind: String, Codable {
    case step, evaluation, predictions, smallEvaluation, density, checkpoint, finished, paused, stopped, failed
    case scalars, picture
  }
  private enum Keys: String, CodingKey { case event, step, density, folder, kept, seconds, cause, message }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    func member<Value: Decodable>(_ key: Keys) throws -> Value { try container.decode(Value.self, forKey: key) }
    func require(_ isConsistent: Bool, _ reason: String) throws {
      guard !isConsistent else { return }
      throw DecodingError.dataCorruptedError(forKey: .event, in: container, debugDescription: reason)
    }
    switch try container.decode(Kind.self, forKey: .event) {
    case .step: self = .step(try StepReport(from: decoder))
    case .evaluation:
      let report = try EvaluationReport(from: decoder)
      try require(report.isConsistent, "an evaluation whose numbers contradict each other")
      self = .evaluation(report)
    case .predictions:
      let report = try PredictionReport(from: decoder)
      try require(report.isConsistent, "predictions with lists of different lengths")
      self = .predictions(report)
    case .smallEvaluation:
      let report = try SmallEvaluationReport(from: decoder)
      try require(report.isConsistent, "an evaluation whose numbers contradict each other")
      self = .smallEvaluation(report)
    case .density: self = .density(step: try member(.step), density: try member(.density))
    case .checkpoint:
      let isKept = try container.decodeIfPresent(Bool.self, forKey: .kept) ?? true
      self = .checkpoint(step: try member(.step), folder: try member(.folder), isKept: isKept)
    case .finished: self = .finished(step: try member(.step), seconds: try member(.seconds))
    case .paused: self = .paused(step: try member(.step))
    case .stopped:
      self = .stopped(step: try member(.step), cause: try container.decodeIfPresent(String.self, forKey: .cause))
    case .failed: self = .failed(step: try member(.step), message: try member(.message))
    case .scalars: self = .scalars(try ScalarReport(from: decoder))
    case .picture: self = .picture(try PictureReport(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    func write(_ kind: Kind, _ report: some Encodable) throws {
      try container.encode(kind, forKey: .event)
      try report.encode(to: encoder)
    }
    func write(_ kind: Kind, step: Int) throws {
      try container.encode(kind, forKey: .event)
      try container.encode(step, forKey: .step)
    }
    switch self {
    case .step(let report): try write(.step, report)
    case .evaluation(let report): try write(.evaluation, report)
    case .predictions(let report): try write(.predictions, report)
    case .smallEvaluation(let report): try write(.smallEvaluation, report)
    case .density(let step, let density):
      try write(.density, step: step)
      try container.encode(density, forKey: .density)
    case .checkpoint(let step, let folder, let isKept):
      try write(.checkpoint, step: step)
      try container.encode(folder, forKey: .folder)
      if !isKept { try container.encode(false, forKey: .kept) }
    case .finished(let step, let seconds):
      try write(.finished, step: step)
      try container.encode(seconds, forKey: .seconds)
    case .paused(let step): try write(.paused, step: step)
    case .stopped(let step, let cause):
      try write(.stopped, step: step)
      try container.encodeIfPresent(cause, forKey: .cause)
    case .failed(let step, let message):
      try write(.failed, step: step)
      try container.encode(message, forKey: .message)
    case .scalars(let report): try write(.scalars, report)
    case .picture(let report): try write(.picture, report)
    }
  }
}
