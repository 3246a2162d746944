import ArgumentParser
import Engine
import Recap

/// `diva-tui export`: the tuned CLIP as others load it.
struct ExportCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the tuned CLIP in a layout that others load.")

  enum Format: String, CaseIterable, ExpressibleByArgument { case hf, openclip, openai, diva }

  @Option(help: "hf is a folder for transformers' CLIPModel.") var format: Format = .hf
  @Option(help: "The folder to write, new or empty.") var out: String
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  struct Result: Encodable {
    let format: String
    let files: [String]
  }

  func work(_ console: Console) throws {
    guard format == .hf else {
      throw Problem(
        "this version cannot write the layout \(format.rawValue)",
        advice: "use --format hf, which transformers opens as CLIPModel")
    }
    let workspace = try models.workspace(console)
    if models.tuned == nil { console.note("without --tuned the CLIP is written as it is") }
    let vision = try models.tuned.map(workspace.tower) ?? workspace.clip.vision
    let files = try workspace.exportHuggingFace(vision, to: out)
    if general.json {
      try console.json(Result(format: format.rawValue, files: files))
    } else {
      try console.print(files.joined(separator: "\n"))
    }
  }
}
