import Engine
import Foundation

/// Where the embedded models lie: `assets/mini`, or the folder of a pre-training.
public struct MiniFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// The baseline: what transformers opens as a CLIPModel.
  public var clip: WeightsFolder { WeightsFolder(path + "/clip") }
  /// UNet, autoencoder, schedule, text encoder and tokenizer: what diffusers opens.
  public var diffusion: WeightsFolder { WeightsFolder(path + "/diffusion") }
  var unet: WeightsFolder { WeightsFolder(path + "/diffusion/unet") }
  var autoencoder: WeightsFolder { WeightsFolder(path + "/diffusion/vae") }
  public var textEncoder: WeightsFolder { WeightsFolder(path + "/diffusion/text_encoder") }
  /// Mean and deviation of the conditions that the denoiser was trained on.
  static func conditionStatistics(in diffusion: WeightsFolder) -> URL {
    URL(filePath: diffusion.path + "/condition_statistics.json")
  }
  /// What draws pictures from the baseline's embeddings: a Stable unCLIP without the parts that `clip` and `diffusion` hold.
  public var generator: WeightsFolder { WeightsFolder(path + "/unclip") }
  /// Its pipeline's index goes last.
  var hasGenerator: Bool { generator.has(Self.pipelineIndex) }
  static let pipelineIndex = "model_index.json"
  /// GenHancer's denoiser, trained with the baseline; its configuration goes last.
  public var genhancer: WeightsFolder { WeightsFolder(path + "/genhancer") }
  /// The 135 pairs to browse, in MMVP's layout.
  public var benchmark: URL { URL(filePath: path + "/mmvp") }
  public var pairLists: URL { URL(filePath: path + "/pairs.json") }
  public var record: URL { URL(filePath: path + "/pretrain.json") }
  /// What training with each recap density comes to.
  var densityResults: String { path + "/density.json" }

  /// A name for the contents of the models in this folder: 32 hexadecimal digits. Cost: reads them once.
  ///
  /// - Parameter more: folders that only some runs have to do with, as un²CLIP's generator.
  public func digest(with more: [String] = []) throws -> String {
    var digest = ContentDigest()
    for folder in ["clip", "diffusion"] + more {
      let names = FileManager.default.enumerator(atPath: "\(path)/\(folder)")?.compactMap { $0 as? String } ?? []
      for name in names.sorted() where name.hasSuffix(".safetensors") || name.hasSuffix(".json") {
        let file = "\(path)/\(folder)/\(name)"
        guard let contents = try? Data(contentsOf: URL(filePath: file), options: .mappedIfSafe) else {
          throw Problem(
            "cannot read \(file)", advice: "restore the embedded models, or make them with diva-tui pretrain")
        }
        var checksum = CRC32()
        contents.withUnsafeBytes { checksum.update($0) }
        digest.add("\(name) \(contents.count) \(checksum.hexadecimal)")
      }
    }
    return digest.text
  }

  /// Needed while pre-training only: the text tower and its classifiers, the image towers that know the details, and the
  /// baseline's twin.
  var text: WeightsFolder { WeightsFolder(path + "/work/text") }
  var classifiers: WeightsFolder { WeightsFolder(path + "/work/classifiers") }
  var towers: WeightsFolder { WeightsFolder(path + "/work/towers") }
  var twinTowers: WeightsFolder { WeightsFolder(path + "/work/twin_towers") }
  var twin: WeightsFolder { WeightsFolder(path + "/work/twin") }

  /// Removes them, and their folder if nothing else is in it.
  public func removeWork() throws {
    for model in [text, classifiers, towers, twinTowers, twin] where model.exists {
      try FileManager.default.removeItem(atPath: model.path)
    }
    rmdir(path + "/work")
  }
}

extension WeightsFolder {
  /// A model was written here completely: its configuration goes last.
  var exists: Bool { FileManager.default.fileExists(atPath: path + "/config.json") }
}

extension Preprocessing {
  /// Beside the weights, as `preprocessor_config.json`.
  public init(_ folder: WeightsFolder) throws { try self.init(folder.configuration("preprocessor_config.json")) }

  func write(to folder: WeightsFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try DurableFile.write(try encoder.encode(self), to: folder.path + "/preprocessor_config.json")
  }
}
