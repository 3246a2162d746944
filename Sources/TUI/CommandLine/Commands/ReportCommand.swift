import ArgumentParser
import Engine
import Foundation
import Recap
import Terminal

/// `diva-tui report`: runs as text, and the settings in which they differ.
struct ReportCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Print the report of finished or live runs.",
    discussion:
      "Of several runs it also lists the settings in which they differ. --json prints one object per run. --html writes a page for "
      + "people without this program: curves, pairs with their images, reconstructions and settings in one file.")

  @Argument(help: "The runs' folders.") var runs: [String]
  @Option(help: "Write the run as one page of HTML to this file.") var html: String?
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { html != nil }

  func validate() throws {
    guard html == nil || runs.count == 1 else { throw ValidationError("--html writes the page of one run.") }
  }

  func work(_ console: Console) throws {
    if let html { return try writePage(html, console) }
    let summaries = try runs.map { try RunSummary(reading: RunFolder(opening: $0)) }
    if general.json { return try summaries.forEach { try console.json(RunReport($0)) } }
    let reports = summaries.map { RunReport.text(for: $0) } + differences(summaries)
    try console.print(reports.joined(separator: "\n"), terminator: "")
  }

  private func writePage(_ path: String, _ console: Console) throws {
    struct Written: Encodable { let page: String, bytes: Int }
    try DurableFile.requirePlace(path)
    let summary = try RunSummary(reading: RunFolder(opening: runs[0]))
    let page = RunPage(summary, mini: try? Assets.mini(environment: console.environment))
    let bytes = Data(try page.text.utf8)
    try DurableFile.write(bytes, to: path)
    if general.json { return try console.json(Written(page: path, bytes: bytes.count)) }
    try console.print("\(path): \(bytes.count.byteText)")
  }

  private func differences(_ summaries: [RunSummary]) -> [String] {
    let settings = summaries.map(\.description.configuration)
    let rows = TrainSetting.differing(in: settings).map { [$0.name] + settings.map($0.text) }
    return rows.isEmpty ? [] : [TextTable.text([["settings that differ"] + summaries.map(\.name)] + rows) + "\n"]
  }
}
