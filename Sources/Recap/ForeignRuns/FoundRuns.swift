import Engine
import Foundation

/// A run that can be looked at.
public enum FoundRun: Sendable {
  /// One that this program made.
  case own(RunFolder)
  /// One that another program records.
  case foreign(ForeignRun)

  public var path: String {
    switch self {
    case .own(let folder): folder.path
    case .foreign(let run): run.path
    }
  }

  /// Throws a `Problem` when there is no run of any kind.
  public init(opening path: String) throws {
    self = try ForeignRun(recognizing: path).map { .foreign($0) } ?? .own(RunFolder(opening: path))
  }
}

/// The runs that paths name: a run's folder, or a folder with runs in it.
public struct FoundRuns: Sendable {
  public private(set) var runs: [FoundRun] = []
  /// Those that cannot be opened, and why.
  public private(set) var damaged: [(path: String, problem: Problem)] = []

  /// Throws a `Problem` when none of them can be opened.
  public init(_ paths: [String]) throws {
    for path in paths {
      let inside = Self.runs(in: path)
      for run in inside.isEmpty ? [path] : inside {
        do { runs.append(try FoundRun(opening: run)) } catch { damaged.append((run, Problem(error))) }
      }
    }
    if runs.isEmpty, let first = damaged.first { throw first.problem }
  }

  /// The runs of this program.
  public var folders: [RunFolder] { runs.compactMap { if case .own(let folder) = $0 { folder } else { nil } } }

  public var foreign: [ForeignRun] { runs.compactMap { if case .foreign(let run) = $0 { run } else { nil } } }

  /// How deep runs may lie: wandb's are in `wandb/offline-run-…`, event files often in `runs/…`.
  private static let deepest = 3
  /// Where more folders lie, no further ones are looked into.
  private static let mostFolders = 2000

  /// By path; none where the folder is a run itself, or holds none.
  private static func runs(in path: String) -> [String] {
    guard !isRun(path) else { return [] }
    var (found, level) = ([String](), [path])
    for _ in 0..<deepest where level.count <= mostFolders {
      let inside = level.flatMap(folders)
      found += inside.filter(isRun)
      level = inside.filter { !isRun($0) }
    }
    return found.sorted()
  }

  private static func isRun(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/run.json") || ForeignRun.kind(of: path) != nil
  }

  private static func folders(in path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    // wandb links the newest of its runs a second time.
    return names.sorted().filter { !$0.hasPrefix(".") && $0 != "latest-run" }.map { path + "/" + $0 }.filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && isFolder.boolValue
    }
  }
}
