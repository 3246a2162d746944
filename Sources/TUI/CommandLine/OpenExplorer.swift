import ArgumentParser
import Engine
import Foundation
import Recap

/// What the program does without a subcommand: the explorer for somebody at a terminal, the text report otherwise.
func openExplorer(runs: [String]) throws {
  if runs.isEmpty, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 {
    ThreadPool.setThreads(ProcessInfo.processInfo.activeProcessorCount)
    let status = try MainActor.assumeIsolated { try InteractiveExplorer.run(SessionOptions()) }
    if status != 0 { throw ExitCode(status) }
    return
  }
  guard !runs.isEmpty else {
    throw Problem(
      "there is no run to report on",
      advice: "name one (diva-tui RUN), make one (diva-tui train --out RUN), or see diva-tui --help")
  }
  let reports = try runs.map { RunReport.text(for: try RunSummary(reading: RunFolder(opening: $0))) }
  try Console.standard().print(reports.joined(separator: "\n"), terminator: "")
}
