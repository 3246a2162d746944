import Engine
import Foundation

/// What a run is: everything needed to repeat it. The contents of `run.json`.
public struct RunDescription: Codable, Equatable, Sendable {
  public var configuration: TrainConfiguration
  /// The version of this program.
  public var version: String
  /// Paths or preset names of what the run started from.
  public var clip: String
  public var diffusion: String
  public var data: String
  /// How a person's own images are read; nil for the mini world.
  public var images: DataPlan?
  /// The folder whose pairs are scored; nil for the mini world's.
  public var mmvp: String?
  /// Which of the mini world's pairs are scored, as `train --pairs` names them; nil for the mined ones, or a folder's.
  public var pairs: String?
  /// Data sets that show what is forgotten, scored at each evaluation; nil for the mini world's zero-shot images, and for no
  /// retrieval.
  public var zeroShot: String?
  public var retrieval: String?
  /// The prompt that is joined with every image's tokens; nil for the reference's.
  public var prompt: String?
  /// Identifies the embedded models, where the run began with them (`MiniFolder.digest`); nil in runs of older
  /// versions.
  public var embeddedWeights: String?
  /// What the tuned image tower began as; nil for a copy of the CLIP's own.
  public var tuned: String?
  /// What the CLIP was taken for; nil in runs of older versions.
  public var backbone: Backbone.Name?
  /// What is kept of each evaluation; nil for what suits the backbone.
  public var record: Recording?
  /// When the tower's weights are interpolated; nil in runs of older versions, which did so after the last step.
  public var interpolates: InterpolationTime?
  /// When the run was made: ISO 8601, UTC.
  public var created: String
  public var threads: Int
  public var cpu: String

  public init(
    configuration: TrainConfiguration, version: String, clip: String, diffusion: String, data: String,
    images: DataPlan? = nil, mmvp: String? = nil, pairs: String? = nil, zeroShot: String? = nil,
    retrieval: String? = nil, prompt: String? = nil,
    embeddedWeights: String? = nil, tuned: String? = nil, backbone: Backbone.Name? = nil, threads: Int,
    created: Date = Date(), cpu: String = RunDescription.cpuName()
  ) {
    self.configuration = configuration
    self.version = version
    self.clip = clip
    self.diffusion = diffusion
    self.data = data
    self.images = images
    self.mmvp = mmvp
    self.pairs = pairs
    (self.zeroShot, self.retrieval) = (zeroShot, retrieval)
    self.prompt = prompt
    self.embeddedWeights = embeddedWeights
    self.tuned = tuned
    self.backbone = backbone
    interpolates = .eachStep
    self.created = created.formatted(.iso8601)
    self.threads = threads
    self.cpu = cpu
  }

  public var seed: UInt64 { configuration.seed }

  /// α of the tower that the run has after so many steps.
  public func keptShare(after step: Int) -> Double {
    configuration.keptShare(after: step, interpolates ?? .lastStep)
  }

  /// The same run, to be made now by a version of this program on this machine.
  public func asNew(version: String) -> RunDescription {
    var run = self
    (run.version, run.created) = (version, Date().formatted(.iso8601))
    (run.threads, run.cpu, run.interpolates) = (ThreadPool.threads, Self.cpuName(), .eachStep)
    return run
  }

  /// The processor as the system names it: "AMD EPYC 7B13"; its architecture where the system has no name for it.
  public static func cpuName(cpuinfo: String = "/proc/cpuinfo") -> String {
    let lines = (try? String(contentsOfFile: cpuinfo, encoding: .utf8)).map { $0.split(separator: "\n") } ?? []
    let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1).last
    guard let name else { return architecture }
    return name.trimmingCharacters(in: .whitespaces).withoutControlCharacters()
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown processor"
    #endif
  }
}
