import ArgumentParser
import Engine
import Recap

/// A person's own training images.
struct DataOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Training images: folders, images, webdataset tars, lists like 'cc3m/{00000..00331}.tar'. (default: the mini world)",
      discussion:
        "Lists are brace lists, patterns (*, ?, [01]) and a.tar::b.tar; links are followed. One sample is one image: of files "
        + "with the same name up to the first dot, the first of NAME.jpg, .png, .jpeg, .webp. What cannot be read is named "
        + "and left out; diva-tui inspect reports on all of it."))
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
    do {
      _ = try data.map(DataPaths.separated)
    } catch let problem as Problem {
      throw ValidationError(problem.oneLine)
    }
    guard data.isEmpty, crop != nil || colors != nil else { return }
    throw ValidationError("--crop and --colors are about the images of --data; give --data, too.")
  }

  /// With absolute paths: the run may go on from another folder.
  var plan: DataPlan? {
    guard !data.isEmpty, let paths = try? data.flatMap(DataPaths.separated) else { return nil }
    return DataPlan(paths.map(RunDescription.absolute), crop: crop ?? .random, colors: colors ?? .reference)
  }
}

extension DataPlan.Crop: ExpressibleByArgument {}
extension TrainingPixels.Mapping: ExpressibleByArgument {}
