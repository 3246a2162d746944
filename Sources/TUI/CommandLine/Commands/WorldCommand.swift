import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui world`: the mini world as files.
struct WorldCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "world", abstract: "Write mini-world images, and pairs in MMVP's layout.",
    discussion: "DIR/images holds scenes with captions.csv, DIR/mmvp the pairs.")

  @Option(help: "The folder to write.") var out: String
  @Option(help: "Number of scenes.") var images = 256
  @Option(help: "Pairs per pattern; there are nine patterns.") var pairs = 15
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { true }

  struct Result: Encodable {
    let images: Int
    let pairs: Int
    let folder: String
  }

  func validate() throws {
    try require("images", images, 0...1_000_000)
    try require("pairs", pairs, 0...1_000_000)
  }

  func work(_ console: Console) throws {
    let world = MiniWorld(seed: general.seed)
    let folder = URL(filePath: out)
    guard !FileManager.default.fileExists(atPath: out + "/run.json") else {
      throw Problem("cannot write to \(out): it holds a run", advice: "give another folder with --out")
    }
    if images > 0 { try world.writeScenes(.unlabelled, count: images, to: folder.appending(path: "images")) }
    if pairs > 0 { try world.writePairs(to: folder.appending(path: "mmvp"), perPattern: pairs) }
    let result = Result(images: images, pairs: pairs * Pattern.allCases.count, folder: out)
    try show(result, "\(result.images.counted("scene")) and \(result.pairs.counted("pair")) in \(out)", console)
  }
}
