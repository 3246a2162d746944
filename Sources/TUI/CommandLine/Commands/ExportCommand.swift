import ArgumentParser
import Engine
import Recap

/// `diva-tui export`: the tuned CLIP as others load it.
struct ExportCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the tuned CLIP in a layout that other libraries load.")

  @Option(
    help: ArgumentHelp(
      "hf, openclip, openai or diva.",
      discussion: "hf is a folder for transformers, openclip one for open_clip's local-dir:, openai a state dict for "
        + "clip.load, diva one under the names of DIVA's published files."))
  var format: ExportFormat = .huggingFace
  @Option(
    help: ArgumentHelp(
      "A model of transformers' that looks through this CLIP: LLaVA or CLIPSeg.",
      discussion: "--out gets a copy of this folder with the tuned image tower in it, in the precision of its weights.",
      valueName: "folder"))
  var into: String?
  @Option(help: "The folder to write, new or empty.") var out: String
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { true }

  struct Result: Encodable {
    let format: String
    let files: [String]
  }

  func work(_ console: Console) throws {
    let workspace = try models.workspace(console)
    if models.tuned == nil { console.note("without --tuned the CLIP is written as it is") }
    let vision = try models.tuned.map(workspace.tower) ?? workspace.clip.vision
    if let into {
      let host = try HostModel(into)
      let files = try host.write(vision, to: out)
      try show(Result(format: host.kind, files: files), files.joined(separator: "\n"), console)
      return
    }
    let files = try workspace.export(vision, as: format, to: out)
    if [.huggingFace, .openCLIP].contains(format) { noteTokenizer(workspace, console) }
    try show(Result(format: format.rawValue, files: files), files.joined(separator: "\n"), console)
  }

  /// The libraries open a folder without a tokenizer, and take other ids for its texts.
  private func noteTokenizer(_ workspace: Workspace, _ console: Console) {
    do {
      _ = try workspace.tokenizer()
    } catch {
      console.note(
        "the folder has no tokenizer, without which its texts cannot be read: \((error as? Problem)?.oneLine ?? "")")
    }
  }
}

extension ExportFormat: ExpressibleByArgument {}
