import Engine
import Foundation
import Recap

/// What the program does without a subcommand: the text report of each run.
func openExplorer(runs: [String]) throws {
  guard !runs.isEmpty else {
    throw Problem(
      "there is no run to report on",
      advice: "name one (diva-tui RUN), make one (diva-tui train --out RUN), or see diva-tui --help")
  }
  let reports = try runs.map { RunReport.text(for: try RunSummary(reading: RunFolder(opening: $0))) }
  try Console.standard().print(reports.joined(separator: "\n"), terminator: "")
}
