import Foundation

@testable import Engine
@testable import Recap
@testable import diva_tui

extension Reader {
  static let models = [
    configuration, clip, openCLIP, adapter, singleFile, scheduler, preprocessing, conditions,
  ]

  /// Through `inspect`, which builds the outline of the model that the configuration describes.
  private static let configuration = Reader(
    name: "configuration",
    victims: {
      try ["clip", "siglip", "unet", "unet-sd1", "unet-sdxl", "vae"].map { try .fixture("models/\($0)/config.json") }
    },
    lie: JSONLies.lie,
    read: { file, victim in
      try inFolder(file, of: victim.folder, as: "config.json") {
        if try Inspection($0.path).text.isEmpty { throw Malformed("nothing told") }
      }
    },
    command: { file, victim in ["inspect", try inFolder(file, of: victim.folder, as: "config.json") { $0.path }] })

  /// Weights whose names and shapes lie to whoever guesses a CLIP's sizes from them.
  private static let clip = Reader(
    name: "weights of a CLIP",
    victims: {
      try [
        "clip/model", "siglip/model", "open_clip/open_clip_model", "timm_siglip/open_clip_model",
        "timm_eva/open_clip_model",
      ].map { try .fixture("models/\($0).safetensors") }
    }, lie: SafetensorsLies.lie,
    read: { file, _ in try check(OpenedCLIP(file.path)) },
    command: { file, _ in
      let picture = Victim.fixtures.appending(path: "../../docs/train.png").standardizedFileURL.path
      return ["encode", "--clip", file.path, "--images", picture, "--out", file.path + ".out"]
    })

  private static let openCLIP = Reader(
    name: "open_clip_config.json",
    victims: {
      try ["open_clip", "timm_siglip", "timm_eva"].map { try .fixture("models/\($0)/open_clip_config.json") }
    },
    lie: JSONLies.lie,
    read: { file, victim in
      try inFolder(file, of: victim.folder, as: "open_clip_config.json") { try check(OpenedCLIP($0.path)) }
    })

  /// Settings and weights of an adapter that PEFT saved, merged into the CLIP that it was trained on.
  private static let adapter = Reader(
    name: "LoRA adapter",
    victims: {
      try ["lora_alone", "lora_projected"].flatMap { folder in
        try ["adapter_config.json", "adapter_model.safetensors"].map { try .fixture("models/\(folder)/\($0)") }
      }
    },
    lie: { victim, random in
      victim.name.hasSuffix(".json") ? JSONLies.lie(victim, &random) : try SafetensorsLies.lie(victim, &random)
    },
    read: { file, victim in
      let name = String(victim.name.dropFirst(victim.folder.count + 1))
      try inFolder(file, of: victim.folder, as: name) { folder in
        let base = try OpenedCLIP(Victim.fixtures.appending(path: "models/clip").path)
        let tower = try base.tuned(at: folder.path).tower
        guard zip(tower.parameters, base.clip.vision.parameters).allSatisfy({ $0.shape.isSame(as: $1.shape) }) else {
          throw Malformed("a tower of another shape")
        }
        _ = tower.parameters.map { $0.value.values }
      }
    },
    command: { file, victim in
      let name = String(victim.name.dropFirst(victim.folder.count + 1))
      let picture = Victim.fixtures.appending(path: "../../docs/train.png").standardizedFileURL.path
      return try inFolder(file, of: victim.folder, as: name) {
        [
          "encode", "--clip", Victim.fixtures.appending(path: "models/clip").path, "--tuned", $0.path, "--images",
          picture, "--out", file.path + ".out",
        ]
      }
    })

  /// Stable Diffusion in a single file, whose shapes lie to whoever guesses its sizes from them.
  private static let singleFile = Reader(
    name: "single file of Stable Diffusion", victims: SmallDiffusion.files, lie: SafetensorsLies.lie,
    read: { file, _ in
      let single = try SingleFileDiffusion(file.path)
      let encoders = try single.textEncoders()
      let width = encoders.last?.tower.projectionWidth
      let models = try StableDiffusion(single, pooledText: width.map { Tensor(zeros: [1, $0]) })
      let widths = encoders.map(\.tower.config.encoder.width).reduce(0, +)
      guard models.denoiser.contextWidth <= 65_536, widths > 0, models.side % 8 == 0 else {
        throw Malformed("\(models.denoiser.sizes), texts of \(widths)")
      }
    })

  private static let scheduler = Reader(
    name: "scheduler_config.json",
    victims: { [Victim(name: "scheduler", bytes: Array(NoiseSchedule().json.pretty.utf8))] }, lie: JSONLies.lie,
    read: { file, _ in
      try inFolder(file, of: "mini_vocabulary", as: "scheduler_config.json") {
        let schedule = try NoiseSchedule(WeightsFolder($0.path).configuration("scheduler_config.json"))
        guard schedule.alphasCumprod.count == schedule.timesteps, schedule.alphasCumprod.allSatisfy(\.isFinite) else {
          throw Malformed("\(schedule.alphasCumprod.count) signal shares for \(schedule.timesteps) timesteps")
        }
      }
    })

  private static let preprocessing = Reader(
    name: "preprocessor_config.json",
    victims: {
      try [Preprocessing.openAI(side: 32), .siglip(side: 32)].map {
        Victim(name: "preprocessor", bytes: [UInt8](try JSONEncoder().encode($0)))
      }
    }, lie: JSONLies.lie,
    read: { file, _ in
      try inFolder(file, of: "mini_vocabulary", as: "preprocessor_config.json") {
        let preprocessing = try Preprocessing(WeightsFolder($0.path))
        guard preprocessing.side <= 512 else { return }
        let picture = Image(width: 5, height: 3, pixels: Array(repeating: 100, count: 45))
        guard preprocessing.pixels([picture]).values.allSatisfy({ !$0.isNaN }) else {
          throw Malformed("pixels that are no numbers")
        }
      }
    })

  private static let conditions = Reader(
    name: "condition_statistics.json",
    victims: { [Victim(name: "conditions", bytes: Array(#"{"deviation":0.7,"mean":[0.1,-2,3e-1,4]}"#.utf8))] },
    lie: JSONLies.lie,
    read: { file, _ in
      let statistics = try ConditionStatistics(contentsOf: file)
      guard !statistics.mean.isEmpty, statistics.deviation > 0 else { throw Malformed("\(statistics)") }
    })

  /// What was opened can be asked for a picture's features.
  private static func check(_ opened: OpenedCLIP) throws {
    let side = opened.preprocessing.side
    guard side <= 64 else { return }
    let picture = Image(width: side, height: side, pixels: Array(repeating: 100, count: 3 * side * side))
    let features = withoutGradient {
      opened.clip.vision.imageFeatures(opened.clip.vision(opened.preprocessing.pixels([picture])))
    }
    guard features.shape[0] == 1 else { throw Malformed("features of shape \(features.shape)") }
  }
}
