import Engine
import Explorer
import Foundation
import Recap
import Terminal

/// What the program does without a subcommand: the explorer on a terminal, elsewhere the text report of each run.
func openExplorer(runs: [String], _ options: SessionOptions, graphics: Graphics?) throws {
  let folders = try runs.map { try RunFolder(opening: $0) }
  if isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 {
    let subject: InteractiveExplorer.Subject = folders.isEmpty ? .models(options) : .runs(folders)
    // The program's entry is on the main thread, which curses needs.
    try EndingSignals.whileSaving {
      try MainActor.assumeIsolated { try InteractiveExplorer.run(subject, graphics: graphics) }
    }
    return
  }
  guard options.resumes == nil else {
    throw Problem(
      "this is no terminal to open the explorer on", advice: "diva-tui train --resume goes on without a screen")
  }
  guard !folders.isEmpty else {
    throw Problem(
      "there is no run to report on, and this is no terminal to open the explorer on",
      advice: "name a run (diva-tui RUN), make one (diva-tui train --out RUN), or see diva-tui --help")
  }
  let reports = try folders.map { RunReport.text(for: try RunSummary(reading: $0)) }
  try Console.standard().print(reports.joined(separator: "\n"), terminator: "")
}
