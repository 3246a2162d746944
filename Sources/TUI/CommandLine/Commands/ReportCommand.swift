import ArgumentParser
import Engine
import Recap

/// `diva-tui report`: a run as text.
struct ReportCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Tell of a finished or live run as text.")

  @Argument(help: "The run's folder.") var run: String
  @OptionGroup var general: GeneralOptions

  func work(_ console: Console) throws {
    let summary = try RunSummary(reading: RunFolder(opening: run))
    if general.json {
      try console.json(RunReport(summary))
    } else {
      try console.print(RunReport.text(for: summary), terminator: "")
    }
  }
}
