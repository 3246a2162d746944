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
    let found = try runs.map { try FoundRun(opening: $0) }
    if general.json { return try found.forEach { try write($0, console) } }
    let summaries = try found.compactMap {
      if case .own(let folder) = $0 { try RunSummary(reading: folder) } else { nil }
    }
    let reports = try found.map { try $0.report } + differences(summaries)
    try console.print(reports.joined(separator: "\n"), terminator: "")
  }

  private func write(_ run: FoundRun, _ console: Console) throws {
    switch run {
    case .own(let folder): try console.json(RunReport(RunSummary(reading: folder)))
    case .foreign(let run): try console.json(ForeignReport(run))
    }
  }

  private func writePage(_ path: String, _ console: Console) throws {
    struct Written: Encodable { let page: String, bytes: Int }
    try DurableFile.requirePlace(path)
    guard case .own(let folder) = try FoundRun(opening: runs[0]) else {
      throw Problem(
        "cannot write a page of \(runs[0]): another program recorded it, and a page is made of what diva-tui records",
        advice: "diva-tui report \(runs[0]) prints its scalars, and --json gives them to other programs")
    }
    let summary = try RunSummary(reading: folder)
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
