import Foundation

/// The Hugging Face Hub's cache on disk: `models--owner--name/{blobs,refs,snapshots}`, where a snapshot's folder is
/// named by its commit.
public enum HubCache {
  /// The snapshot of an entry that `refs/main` names, or the only one; nil for any other folder.
  static func snapshot(of path: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/snapshots")) ?? []
    let main = (try? SmallFile.read(path + "/refs/main", limit: 1 << 10)).map { String(decoding: $0, as: UTF8.self) }?
      .trimmingCharacters(in: .whitespacesAndNewlines)
    return (names.first { $0 == main } ?? (names.count == 1 ? names[0] : nil)).map { "\(path)/snapshots/\($0)" }
  }

  /// What people call a folder: its own name, in the cache its entry's.
  public static func name(of folder: String) -> String {
    let url = URL(filePath: folder).standardizedFileURL
    let snapshots = url.deletingLastPathComponent()
    return snapshots.lastPathComponent == "snapshots"
      ? snapshots.deletingLastPathComponent().lastPathComponent : url.lastPathComponent
  }
}
