import Engine
import Foundation

/// Tensors on disk by name, so that they need not be computed twice.
///
/// One small safetensors file each, with a checksum. A file that is damaged counts as missing, and one that cannot be
/// written costs nothing but time. When there are too many, those that were written first go.
struct TensorCache: Sendable {
  let folder: URL
  let maximumBytes: Int

  /// - Parameter environment: `DIVA_TUI_CACHE` names another folder; otherwise `XDG_CACHE_HOME`, or `.cache` at home; nil
  ///   where there is none of them.
  static func folder(_ environment: [String: String]) -> URL? {
    func named(_ variable: String) -> URL? {
      environment[variable].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
    }
    let caches = named("XDG_CACHE_HOME") ?? named("HOME")?.appending(path: ".cache")
    return named("DIVA_TUI_CACHE") ?? caches?.appending(path: "diva-tui")
  }

  /// The tensor under a name; nil when there is none, or not of this shape, or damaged.
  func tensor(_ name: String, shape: Shape) -> Tensor? {
    guard let file = try? SafetensorsFile(path(name)), let tensor = try? file.tensor(named: "tensor"),
      tensor.shape == shape, let sum = try? file.integers(named: "checksum"), sum == [Self.checksum(tensor)]
    else { return nil }
    return tensor
  }

  /// Keeps a tensor; false when that did not work.
  @discardableResult
  func keep(_ tensor: Tensor, as name: String) -> Bool { keep(.floats("tensor", tensor), Self.checksum(tensor), name) }

  /// The same for whole numbers.
  func integers(_ name: String) -> [Int64]? {
    guard let file = try? SafetensorsFile(path(name)), let numbers = try? file.integers(named: "integers"),
      let sum = try? file.integers(named: "checksum"), sum == [Self.checksum(numbers)]
    else { return nil }
    return numbers
  }

  @discardableResult
  func keep(_ numbers: [Int64], as name: String) -> Bool {
    keep(.integers("integers", numbers, dims: [numbers.count]), Self.checksum(numbers), name)
  }

  private func keep(_ part: SafetensorsWriter.Entry, _ checksum: Int64, _ name: String) -> Bool {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try SafetensorsWriter([part, .integers("checksum", [checksum], dims: [1])]).write(to: path(name), isSynced: false)
      return true
    } catch {
      return false
    }
  }

  /// Whether a file is named by a digest, as all names here are: others in the folder are left alone.
  private static func isOwn(_ file: URL) -> Bool {
    let name = file.deletingPathExtension().lastPathComponent
    return file.pathExtension == "safetensors" && name.count == 32 && name.allSatisfy(\.isHexDigit)
  }

  private func path(_ name: String) -> String { folder.appending(path: name + ".safetensors").path }

  private static func checksum(_ tensor: Tensor) -> Int64 {
    var sum = CRC32()
    tensor.withUnsafeValues { sum.update(UnsafeRawBufferPointer($0)) }
    return Int64(sum.value)
  }

  private static func checksum(_ numbers: [Int64]) -> Int64 {
    var sum = CRC32()
    numbers.withUnsafeBytes { sum.update($0) }
    return Int64(sum.value)
  }

  /// Removes the files that were written first until the rest fits; gives the bytes that are left. Cost: lists the
  /// folder.
  @discardableResult
  func removeOldest() -> Int {
    let keys: Set<URLResourceKey> = [.fileSizeKey, .contentModificationDateKey]
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: Array(keys))) ?? []
    let newestFirst = files.compactMap { file -> (URL, Int, Date)? in
      guard Self.isOwn(file), let facts = try? file.resourceValues(forKeys: keys) else { return nil }
      return (file, facts.fileSize ?? 0, facts.contentModificationDate ?? .distantPast)
    }.sorted { $0.2 > $1.2 }
    var total = 0
    for (file, size, _) in newestFirst {
      if total + size > maximumBytes { try? FileManager.default.removeItem(at: file) } else { total += size }
    }
    return total
  }
}

/// Identifies a file's contents without reading it, and changes when another file takes its place: path, number, size, and the times
/// of its contents and of itself. The last is the system's alone: a copy that keeps the old time is noticed too.
enum FileStamp {
  /// Of a file, or of all that a folder holds.
  static func stamp(_ path: String) -> String {
    let below = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String }.sorted() ?? []
    return ([""] + below).map { stamp(FileName($0.isEmpty ? path : path + "/" + $0)) }.joined(separator: "\n")
  }

  /// Of one file, by a name that need not be UTF-8: its bytes are in the stamp, so that no two names share one.
  static func stamp(_ file: FileName) -> String {
    let name = String(validating: file.bytes, as: UTF8.self) ?? "\(file.bytes)"
    guard let facts = file.status else { return "\(name) -" }
    let isFolder = facts.st_mode & S_IFMT == S_IFDIR
    let times = [facts.st_mtim, facts.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }.joined(separator: " ")
    return isFolder ? name : "\(name) \(facts.st_ino) \(facts.st_size) \(times)"
  }
}
