import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui inspect`: what a file or folder of weights is, without using it; or whether a data set is healthy.
struct InspectCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract:
      "Show what a model file or folder contains, and whether it is complete; or whether training data can be read.",
    discussion: """
      Of a model, reads names, shapes and types only; nothing in the file is ever executed.
      Of images to train on, reads and decodes all: good and bad shards, samples, formats, sizes, duplicates.
      """)

  @Argument(
    help: ArgumentHelp(
      "A .safetensors, .pt, .pth or .bin file, or a folder with one or many of them; or images as for train's --data.",
      valueName: "file"))
  var files: [String]
  @OptionGroup var general: GeneralOptions

  func work(_ console: Console) throws {
    if files.count == 1, let file = files.first, !Self.isData(file) {
      let inspection = try Inspection(file)
      return try show(inspection, inspection.text, console)
    }
    var line = ProgressLine(console)
    defer { line.clear() }
    let report = try DataReport(files, indexes: ShardIndexes(environment: console.environment)) { done, all in
      try console.checkInterruption()
      line.show("\(done.grouped) of \(all.counted("image"))")
    }
    line.clear()
    try show(report, report.text, console)
    if report.images == 0 {
      throw Problem("there are no images to train on in \(files.joined(separator: " "))", advice: DataPaths.advice)
    }
  }

  /// Lists and patterns, tars (but not PyTorch's `model.pth.tar`), pictures, and folders without weights in them.
  private static func isData(_ path: String) -> Bool {
    guard let status = FileName(path).status else {
      return DataPaths.isPattern(path) || path.contains("{") || path.contains("::") || path.hasPrefix("pipe:")
        || path.contains("://")
    }
    let name = path.lowercased()
    guard status.st_mode & S_IFMT == S_IFDIR else {
      let isTar = name.hasSuffix(".tar") && !name.hasSuffix(".pth.tar") && !name.hasSuffix(".pt.tar")
      let endings = [".tgz", ".tar.gz", ".parquet", ".arrow", ".jpg", ".jpeg", ".png", ".webp"]
      return isTar || endings.contains(where: name.hasSuffix)
    }
    return !WeightsFolder(path).holdsModel
  }
}
