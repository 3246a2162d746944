import ArgumentParser
import Engine
import Foundation
import Recap

/// A person's own training images.
struct DataOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: "Training images: folders, webdataset tars, patterns like 'cc3m/*.tar'. (default: the mini world)")
  var data: [String] = []
  @Option(help: "Crop: random (90 to 100 % of the area, new at each step) or center. (default: random)")
  var crop: DataPlan.Crop?
  @Option(
    help: ArgumentHelp(
      "Normalisation of colours: reference or exact. (default: reference)",
      discussion:
        "reference takes OpenAI's mean and deviation for every CLIP and shifts the autoencoder's colours a little, as the "
        + "authors' code does; exact takes what each model was trained with."))
  var colors: TrainingPixels.Mapping?

  func validate() throws {
    guard data.isEmpty, crop != nil || colors != nil else { return }
    throw ValidationError("--crop and --colors are about the images of --data; give --data, too.")
  }

  /// With absolute paths: the run may go on from another folder.
  var plan: DataPlan? {
    guard !data.isEmpty else { return nil }
    return DataPlan(data.map(RunDescription.absolute), crop: crop ?? .random, colors: colors ?? .reference)
  }
}

extension DataPlan.Crop: ExpressibleByArgument {}
extension TrainingPixels.Mapping: ExpressibleByArgument {}
