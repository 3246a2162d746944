import Engine
import Foundation

/// The mini world's pairs: CLIP-blind ones, as MMVP mines them (by a second seed of the baseline), or pairs as they come.
public enum PairChoice: String, CaseIterable, Sendable {
  case mined, unmined
}

extension MiniFolder {
  /// Whether a folder's pairs are the embedded ones: they have the layout of MMVP's, and are others.
  func holdsPairs(_ path: String) -> Bool {
    URL(filePath: path).standardizedFileURL.path == benchmark.standardizedFileURL.path
  }
}

/// The pairs that a run is scored on.
public enum ScoredPairs: Equatable, Sendable {
  /// The mini world's validation pairs.
  case validation(PairChoice)
  /// A benchmark's folder.
  case folder(String)

  /// Those that a run has been scored on since it began.
  public init(of run: RunDescription) {
    self = run.mmvp.map { .folder($0) } ?? .validation(run.pairs.flatMap(PairChoice.init) ?? .mined)
  }

  /// As a run's log names them.
  public var name: String {
    switch self {
    case .validation(let choice): choice.rawValue
    case .folder: RecordedPairs.folderSet
    }
  }

  /// As people read it.
  public var title: String {
    switch self {
    case .validation(let choice): "validation, \(choice.rawValue)"
    case .folder(let path):
      FileManager.default.fileExists(atPath: path + "/" + MMVPFolder.questionsFile)
        ? "MMVP" : URL(filePath: path).lastPathComponent
    }
  }

  /// What `run.json` has as `mmvp` and as `pairs`.
  var folder: String? { if case .folder(let path) = self { path } else { nil } }
  var choice: PairChoice? { if case .validation(let choice) = self { choice } else { nil } }
}
