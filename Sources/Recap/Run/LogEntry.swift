import Engine

/// One line of a run's log: something the trainer reported, the answers behind its last evaluation, or that it rests.
///
/// A line is a flat JSON object; `event` says which:
///
/// | event | members |
/// |---|---|
/// | `step` | `stage` (`align`, `train`), `step`, `loss`, `lr`, `gradNorm`, `imagesPerSecond`, `seconds`, `density` |
/// | `evaluation` | the members of `EvaluationReport` |
/// | `predictions` | the members of `PredictionReport` |
/// | `density` | `step`, `density` (as on the command line) |
/// | `checkpoint` | `step`, `folder` |
/// | `finished` | `step`, `seconds` |
/// | `paused` | `step`: the trainer waits for a person |
/// | `stopped` | `step`: the trainer was told to end before its last step |
///
/// Members are only ever added. Numbers that are not finite are the strings "NaN", "Infinity", "-Infinity".
public enum LogEntry: Sendable {
  case event(TrainerEvent)
  case predictions(PredictionReport)
  case paused(step: Int)
  case stopped(step: Int)

  /// Entries that a power cut must not take.
  var isMilestone: Bool {
    switch self {
    case .event(.step), .event(.density): false
    case .event(.evaluation), .event(.checkpoint), .event(.finished), .predictions, .paused, .stopped: true
    }
  }
}

extension LogEntry: Codable {
  private enum Kind: String, Codable { case predictions, paused, stopped }
  private enum Keys: String, CodingKey { case event, step }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    switch Kind(rawValue: try container.decode(String.self, forKey: .event)) {
    case .predictions: self = .predictions(try LogEntry.predictions(from: decoder, container))
    case .paused: self = .paused(step: try container.decode(Int.self, forKey: .step))
    case .stopped: self = .stopped(step: try container.decode(Int.self, forKey: .step))
    case nil: self = .event(try TrainerEvent(from: decoder))
    }
  }

  private static func predictions(
    from decoder: any Decoder, _ container: KeyedDecodingContainer<Keys>
  ) throws -> PredictionReport {
    let report = try PredictionReport(from: decoder)
    guard report.isConsistent else {
      throw DecodingError.dataCorruptedError(
        forKey: .event, in: container, debugDescription: "predictions with lists of different lengths")
    }
    return report
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .event(let event): try event.encode(to: encoder)
    case .predictions(let report):
      var container = encoder.container(keyedBy: Keys.self)
      try container.encode(Kind.predictions, forKey: .event)
      try report.encode(to: encoder)
    case .paused(let step): try LogEntry.encode(.paused, step, to: encoder)
    case .stopped(let step): try LogEntry.encode(.stopped, step, to: encoder)
    }
  }

  private static func encode(_ kind: Kind, _ step: Int, to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(kind, forKey: .event)
    try container.encode(step, forKey: .step)
  }
}

extension TrainerEvent: Codable {
  private enum Kind: String, Codable { case step, evaluation, density, checkpoint, finished }
  private enum Keys: String, CodingKey { case event, step, density, folder, seconds }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    switch try container.decode(Kind.self, forKey: .event) {
    case .step: self = .step(try StepReport(from: decoder))
    case .evaluation:
      let report = try EvaluationReport(from: decoder)
      guard report.isConsistent else {
        throw DecodingError.dataCorruptedError(
          forKey: .event, in: container, debugDescription: "an evaluation whose numbers contradict each other")
      }
      self = .evaluation(report)
    case .density:
      self = .density(
        step: try container.decode(Int.self, forKey: .step),
        density: try container.decode(RecapDensity.self, forKey: .density))
    case .checkpoint:
      self = .checkpoint(
        step: try container.decode(Int.self, forKey: .step),
        folder: try container.decode(String.self, forKey: .folder))
    case .finished:
      self = .finished(
        step: try container.decode(Int.self, forKey: .step),
        seconds: try container.decode(Double.self, forKey: .seconds))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    switch self {
    case .step(let report):
      try container.encode(Kind.step, forKey: .event)
      try report.encode(to: encoder)
    case .evaluation(let report):
      try container.encode(Kind.evaluation, forKey: .event)
      try report.encode(to: encoder)
    case .density(let step, let density):
      try container.encode(Kind.density, forKey: .event)
      try container.encode(step, forKey: .step)
      try container.encode(density, forKey: .density)
    case .checkpoint(let step, let folder):
      try container.encode(Kind.checkpoint, forKey: .event)
      try container.encode(step, forKey: .step)
      try container.encode(folder, forKey: .folder)
    case .finished(let step, let seconds):
      try container.encode(Kind.finished, forKey: .event)
      try container.encode(step, forKey: .step)
      try container.encode(seconds, forKey: .seconds)
    }
  }
}

extension EvaluationReport {
  /// False only for a report that was read from a damaged file.
  var isConsistent: Bool {
    interval95.count == 2 && interval95[0] <= interval95[1] && baselinePerPattern.count == patterns.count
      && tunedPerPattern.count == patterns.count
      && [baselineCorrect, tunedCorrect, fixed, broken].allSatisfy { (0...max(pairs, 0)).contains($0) }
  }
}
