import Foundation

@testable import Engine
@testable import Recap
@testable import diva_tui

extension Reader {
  static let models = [configuration, clip, openCLIP, scheduler, preprocessing, conditions]

  /// Through `inspect`, which builds the outline of the model that the configuration describes.
  private static let configuration = Reader(
    name: "configuration",
    victims: { try ["clip", "siglip", "unet", "unet-sd1", "vae"].map { try .fixture("models/\($0)/config.json") } },
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
      try ["clip/model", "siglip/model", "open_clip/open_clip_model", "timm_siglip/open_clip_model"].map {
        try .fixture("models/\($0).safetensors")
      }
    }, lie: SafetensorsLies.lie,
    read: { file, _ in try check(OpenedCLIP(file.path)) },
    command: { file, _ in
      let picture = Victim.fixtures.appending(path: "../../docs/train.png").standardizedFileURL.path
      return ["encode", "--clip", file.path, "--images", picture, "--out", file.path + ".out"]
    })

  private static let openCLIP = Reader(
    name: "open_clip_config.json",
    victims: { try ["open_clip", "timm_siglip"].map { try .fixture("models/\($0)/open_clip_config.json") } },
    lie: JSONLies.lie,
    read: { file, victim in
      try inFolder(file, of: victim.folder, as: "open_clip_config.json") { try check(OpenedCLIP($0.path)) }
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
