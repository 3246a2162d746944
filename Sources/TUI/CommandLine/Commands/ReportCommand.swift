import ArgumentParser
import Recap
import Terminal

/// `diva-tui report`: runs as text, and the settings in which they differ.
struct ReportCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Print the report of finished or live runs.",
    discussion: "Of several runs it also lists the settings in which they differ. --json prints one object per run.")

  @Argument(help: "The runs' folders.") var runs: [String]
  @OptionGroup var general: GeneralOptions

  func work(_ console: Console) throws {
    let summaries = try runs.map { try RunSummary(reading: RunFolder(opening: $0)) }
    if general.json { return try summaries.forEach { try console.json(RunReport($0)) } }
    let reports = summaries.map { RunReport.text(for: $0) } + differences(summaries)
    try console.print(reports.joined(separator: "\n"), terminator: "")
  }

  private func differences(_ summaries: [RunSummary]) -> [String] {
    let settings = summaries.map(\.description.configuration)
    let rows = TrainSetting.differing(in: settings).map { [$0.name] + settings.map($0.text) }
    return rows.isEmpty ? [] : [TextTable.text([["settings that differ"] + summaries.map(\.name)] + rows) + "\n"]
  }
}
