import Engine
import Foundation

/// Where the explorer keeps its log and its runs: `$XDG_STATE_HOME/diva-tui`.
struct StateFolder {
  let path: String

  init(_ environment: [String: String]) {
    // The standard says so of an empty or a relative path: what it means depends on where the program was started.
    func named(_ variable: String) -> String? { environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    let base = named("XDG_STATE_HOME") ?? (named("HOME") ?? NSTemporaryDirectory()) + "/.local/state"
    path = base + "/diva-tui"
  }

  /// A folder in it, which is there now.
  func made(_ name: String = "") throws -> String {
    let folder = name.isEmpty ? path : path + "/" + name
    try FileManager.default.makeFolder(folder, advice: "set XDG_STATE_HOME to a folder that can be written")
    return folder
  }

  /// The same with `-sweep` behind it, which gets a folder for each of its runs.
  func newSweep() throws -> String { try newRun() + "-sweep" }

  /// `$XDG_STATE_HOME/diva-tui/runs/2026-01-31-120000`, with a number behind it where that is taken.
  func newRun() throws -> String {
    let runs = try made("runs")
    let format = Date.VerbatimFormatStyle(
      format:
        "\(year: .padded(4))-\(month: .twoDigits)-\(day: .twoDigits)-\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\(minute: .twoDigits)\(second: .twoDigits)",
      timeZone: .current, calendar: Calendar(identifier: .gregorian))
    let name = runs + "/" + Date().formatted(format)
    let names = [name] + (2...99).map { "\(name)-\($0)" }
    return names.first { !FileManager.default.fileExists(atPath: $0) } ?? name
  }
}
