import Engine
import Explorer
import Foundation
import Recap
import Terminal

/// What the program does without a subcommand: the explorer on a terminal, elsewhere the text report of each run.
func openExplorer(
  runs: [String], _ options: SessionOptions, look: InteractiveExplorer.Look, view: OpeningView = OpeningView()
) throws {
  let found = try FoundRuns(runs)
  try view.check(found)
  if isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 {
    let subject: InteractiveExplorer.Subject = runs.isEmpty ? .models(options) : .runs(found, options)
    // The program's entry is on the main thread, which curses needs.
    try EndingSignals.whileSaving {
      try MainActor.assumeIsolated { try InteractiveExplorer.run(subject, look: look, view: view) }
    }
    return
  }
  guard options.resumes == nil else {
    throw Problem(
      "this is no terminal to open the explorer on", advice: "diva-tui train --resume goes on without a screen")
  }
  guard !runs.isEmpty else {
    throw Problem(
      "there is no run to report on, and this is no terminal to open the explorer on",
      advice: "name a run (diva-tui RUN), make one (diva-tui train --out RUN), or see diva-tui --help")
  }
  try Console.requireOutput()
  let reports = try found.runs.map { try $0.report }
  try Console.standard().print(reports.joined(separator: "\n"), terminator: "")
  if let first = found.damaged.first { throw first.problem }
}

/// One frame of runs as text on standard output, and as a PNG file where one is wanted.
func printFrame(runs: [String], _ models: SessionOptions, _ options: LookOptions, view: OpeningView) throws {
  if options.png == nil { try Console.requireOutput() }
  let found = try FoundRuns(runs)
  try view.check(found)
  let size = options.size?.size ?? Size(columns: 120, rows: 36)
  // The program's entry is on the main thread, which the explorer's loop needs.
  let frame = try EndingSignals.whileSaving {
    try MainActor.assumeIsolated {
      try InteractiveExplorer.frame(
        of: found, models: models, screen: options.screen, size: size, look: options.look, view: view)
    }
  }
  if let png = options.png {
    try DurableFile.write(Screenshot.image(of: frame, isLight: options.theme == .light).png(), to: png)
  }
  try Console.standard().print(Screenshot.text(of: frame), terminator: "")
}
