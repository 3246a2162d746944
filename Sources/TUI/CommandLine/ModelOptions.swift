import ArgumentParser
import Engine
import Foundation
import Recap

/// Which models a command works with.
struct ModelOptions: ParsableArguments {
  /// Presets of the command line's contract.
  enum Backbone: String, CaseIterable, ExpressibleByArgument {
    case mini
    case openAIL14 = "openai-vit-l-14"
    case openAIL14At336 = "openai-vit-l-14-336"
    case metaL14 = "metaclip-vit-l-14"
    case metaH14 = "metaclip-vit-h-14"
    case siglip224 = "siglip-so400m-224"
    case siglip384 = "siglip-so400m-384"
    case dfn224 = "dfn-vit-h-14"
    case dfn378 = "dfn-vit-h-14-378"
    case openAIB32 = "openai-vit-b-32"
    case openAIB16 = "openai-vit-b-16"
  }

  @Option(help: "A folder with a CLIP in transformers' layout. (default: the embedded one)")
  var clip: String?

  @Option(help: "A tuned CLIP, shown and scored beside the first: a folder, a checkpoint or a run.")
  var tuned: String?

  @Option(help: "A folder with a diffusion model in diffusers' layout. (default: the embedded one)")
  var diffusion: String?

  @Option(help: "Which preset the CLIP belongs to. (default: told by its contents)")
  var backbone: Backbone?

  @Option(
    help: "What the diffusion model is told of an image: class, all, 0.3, count:76, pool:6 or reference.",
    transform: DensityName.init)
  var density = DensityName.reference

  func workspace(_ console: Console) throws -> Workspace {
    if let backbone, backbone != .mini {
      throw Problem(
        "this version cannot open the backbone \(backbone.rawValue)",
        advice: "it knows mini, the embedded CLIP, and CLIPs of its sizes")
    }
    return try Workspace(mini: Assets.mini(environment: console.environment), clip: clip, diffusion: diffusion)
  }
}

/// A recap density as the command line names it.
enum DensityName: Equatable {
  /// What the reference uses for this backbone.
  case reference
  case named(RecapDensity)

  init(_ text: String) throws {
    self = text == "reference" ? .reference : .named(try RecapDensity(parsing: text))
  }

  /// For the mini world the reference is the training's own default.
  var value: RecapDensity {
    switch self {
    case .reference: TrainConfiguration().density
    case .named(let density): density
    }
  }
}
