import Engine
import Foundation

/// How models were made: `pretrain.json` in their folder.
public struct PretrainRecord: Codable, Equatable, Sendable {
  public struct Stage: Codable, Equatable, Sendable {
    public let stage: String
    public var steps: Int
    public var seconds: Double
    /// Means over the first and the last tenth of the steps.
    public var firstLoss: Double
    public var lastLoss: Double
  }

  /// What the finished baseline scores, in per cent.
  public struct Scores: Codable, Equatable, Sendable {
    /// Pairs that its twin is blind to, and pairs as they come; both of the validation split.
    public let minedPairs: Double
    public let unminedPairs: Double
    public let zeroShot: Double

    public init(_ workspace: Workspace) throws {
      let (vision, preprocessing) = (workspace.clip.vision, workspace.preprocessing)
      func average(_ pairs: PairBenchmark) -> Double {
        PairScore(pairs.predictions(by: vision, preprocessing: preprocessing)).average
      }
      minedPairs = average(try workspace.minedPairs(.validation))
      unminedPairs = average(try workspace.unminedPairs(.validation))
      zeroShot = try workspace.zeroShot().accuracy(of: vision, preprocessing: preprocessing)
    }
  }

  public let plan: PretrainPlan
  public let version: String
  public let cpu: String
  public let threads: Int
  public var stages: [Stage] = []
  public var scores: Scores?
  /// The finished denoiser's losses on unseen scenes, by condition and timestep (`DenoiserMeasure.timesteps`).
  public var conditions: [DenoiserMeasure.Row]?
  /// The same of un²CLIP's generator; nil where the plan makes none.
  public var generator: [DenoiserMeasure.Row]?
  /// The same of GenHancer's denoiser, at times of so many thousandths.
  public var genhancer: [DenoiserMeasure.Row]?

  public init(plan: PretrainPlan, version: String, threads: Int, cpu: String = RunDescription.cpuName()) {
    self.plan = plan
    self.version = version
    self.cpu = cpu
    self.threads = threads
  }

  /// What an earlier process wrote, whose stages need not be trained again; nil when there is none.
  public init?(contentsOf url: URL) throws {
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    do {
      self = try RunJSON.decoder.decode(PretrainRecord.self, from: SmallFile.read(url.path))
    } catch {
      throw Problem(
        "cannot go on with \(url.path): \(RunJSON.reason(error))", advice: "pre-train into a new folder instead")
    }
  }

  public func write(to url: URL) throws {
    try DurableFile.write(try RunJSON.pretty(self), to: url.path)
  }

  /// Adds a stage that has been trained, in place of an earlier attempt at it.
  public mutating func add(_ stage: PretrainProgress.Stage, losses: [Float], seconds: Double) {
    stages.removeAll { $0.stage == stage.rawValue }
    let tenth = max(1, losses.count / 10)
    func mean(_ losses: ArraySlice<Float>) -> Double { losses.reduce(0) { $0 + Double($1) } / Double(losses.count) }
    stages.append(
      Stage(
        stage: stage.rawValue, steps: losses.count, seconds: seconds, firstLoss: mean(losses.prefix(tenth)),
        lastLoss: mean(losses.suffix(tenth))))
  }
}
