import Engine
import Foundation

/// The runs that paths name: a run's folder, or a folder with runs in it.
public struct FoundRuns: Sendable {
  public private(set) var folders: [RunFolder] = []
  /// Those that cannot be opened, and why.
  public private(set) var damaged: [(path: String, problem: Problem)] = []

  /// Throws a `Problem` when none of them can be opened.
  public init(_ paths: [String]) throws {
    for path in paths {
      let inside = Self.runs(in: path)
      for run in inside.isEmpty ? [path] : inside {
        do { folders.append(try RunFolder(opening: run)) } catch { damaged.append((run, Problem(error))) }
      }
    }
    if folders.isEmpty, let first = damaged.first { throw first.problem }
  }

  /// By name; none where the folder is a run itself, or holds none.
  private static func runs(in path: String) -> [String] {
    let files = FileManager.default
    guard !files.fileExists(atPath: path + "/run.json") else { return [] }
    let names = (try? files.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().map { path + "/" + $0 }.filter { files.fileExists(atPath: $0 + "/run.json") }
  }
}
