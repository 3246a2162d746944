import Engine

/// What a sweep of recap densities came to: `density.json` in the sweep's folder. The embedded models' sweep of the default
/// plan is `assets/mini/density.json`.
public struct DensityResults: Codable, Equatable, Sendable {
  /// One run at its end.
  public struct Run: Codable, Equatable, Sendable {
    public let density: RecapDensity
    public let seed: UInt64
    /// The mean over the last tenth of the steps on the image tower.
    public let loss: Double
    /// On the validation pairs that the run was scored on.
    public let validation: EvaluationReport
    /// nil where the test pairs were not scored.
    public let test: TestScores?

    public init(_ run: RunDescription, _ history: RunHistory, _ validation: EvaluationReport, test: TestScores?) {
      (density, seed) = (run.configuration.density, run.seed)
      (self.validation, self.test) = (validation, test)
      let losses = history.steps(in: .train).map { Double($0.loss) }
      loss = losses.suffix(max(1, losses.count / 10)).mean
    }
  }

  /// The first run's, which differ from the others' in density and seed only.
  public let plan: TrainConfiguration
  /// Of the embedded models; nil where none was used.
  public let embeddedWeights: String?
  public let version: String
  public let cpu: String
  public let runs: [Run]

  public init(_ run: RunDescription, _ runs: [Run]) {
    (plan, embeddedWeights, version, cpu) = (run.configuration, run.embeddedWeights, run.version, run.cpu)
    self.runs = runs
  }

  public func write(to path: String) throws { try DurableFile.write(try RunJSON.pretty(self), to: path) }

  /// Shipped with the models in this folder; nil where there are none, or those of other weights.
  init?(of mini: MiniFolder) {
    guard let bytes = try? SmallFile.read(mini.densityResults),
      let results = try? RunJSON.decoder.decode(DensityResults.self, from: bytes),
      let digest = try? mini.digest(), results.embeddedWeights == digest
    else { return nil }
    self = results
  }
}

/// A run's CLIP on the test pairs: `test-scores.json` in the run's folder, so that they are scored once.
public struct TestScores: KeptScores, Equatable, Sendable {
  public let mined: EvaluationReport
  public let unmined: EvaluationReport

  public init(mined: EvaluationReport, unmined: EvaluationReport) { (self.mined, self.unmined) = (mined, unmined) }

  public static let fileName = "test-scores.json"
}
