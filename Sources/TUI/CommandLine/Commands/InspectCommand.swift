import ArgumentParser
import Engine
import Foundation
import Recap

/// `diva-tui inspect`: what a file or folder of weights is, without using it.
struct InspectCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what a model file or folder contains, and whether it is complete.",
    discussion: "Reads names, shapes and types only; nothing in the file is ever executed.")

  @Argument(help: "A .safetensors, .pt, .pth or .bin file, or a folder with one or many of them.") var file: String
  @OptionGroup var general: GeneralOptions

  func work(_ console: Console) throws {
    let inspection = try Inspection(file)
    try show(inspection, inspection.text, console)
  }
}
