import ArgumentParser
import Engine
import Foundation
import Recap

/// Own images to train on.
struct DataOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: "Images to learn from: folders, webdataset tars, patterns like 'cc3m/*.tar'. (default: the mini world)")
  var data: [String] = []
  @Option(
    help:
      "The part of an image that a step sees: random (0.9 to 1 of it, another each time) or center. (default: random)"
  )
  var crop: DataPlan.Crop?
  @Option(
    help: ArgumentHelp(
      "How colours become numbers: reference or exact. (default: reference)",
      discussion:
        "The reference gives every CLIP OpenAI's colours, and the autoencoder a slight cast; exact gives each "
        + "model those that it was made with."))
  var colors: TrainingPixels.Mapping?

  func validate() throws {
    guard data.isEmpty, crop != nil || colors != nil else { return }
    throw ValidationError("--crop and --colors say how the images of --data are read; name those, too.")
  }

  /// With absolute paths: the run may go on from another folder.
  var plan: DataPlan? {
    guard !data.isEmpty else { return nil }
    return DataPlan(data.map(RunDescription.absolute), crop: crop ?? .random, colors: colors ?? .reference)
  }
}

extension DataPlan.Crop: ExpressibleByArgument {}
extension TrainingPixels.Mapping: ExpressibleByArgument {}

/// The prompt beside CLIP's tokens.
struct PromptOptions: ParsableArguments {
  @Option(
    help:
      "Prompt that is joined with every image's tokens; '' as in the paper. (default: the reference's, a photo of a .)"
  )
  var prompt: String?
}
