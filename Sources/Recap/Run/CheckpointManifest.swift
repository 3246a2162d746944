import Engine
import Foundation

/// `manifest.json`: the files of a checkpoint with their sizes and checksums. Written last, so its presence says
/// that the checkpoint is complete.
struct CheckpointManifest: Codable, Equatable {
  struct File: Codable, Equatable {
    let name: String
    let bytes: Int
    /// CRC-32 in eight hexadecimal digits.
    let crc32: String
  }

  static let fileName = "manifest.json"

  let step: Int
  let files: [File]

  init(step: Int, files names: [String], in folder: String) throws {
    self.step = step
    files = try names.sorted().map { name in
      let (bytes, checksum) = try CheckpointManifest.checksum(folder + "/" + name)
      return File(name: name, bytes: bytes, crc32: checksum)
    }
  }

  init(reading folder: String) throws {
    let path = folder + "/" + CheckpointManifest.fileName
    do {
      self = try RunJSON.decoder.decode(CheckpointManifest.self, from: try SmallFile.read(path))
    } catch let error as DecodingError {
      throw CheckpointManifest.damaged(folder, "manifest.json: \(RunJSON.reason(error))")
    }
    // The manifest must not send us to files elsewhere.
    for file in files where file.name.contains("/") || file.name.hasPrefix(".") || file.name.isEmpty {
      throw CheckpointManifest.damaged(folder, "manifest.json names the file “\(file.name.shown)”")
    }
  }

  /// Reads every file once; throws a `Problem` that names the first one that is not as it was written.
  func verify(in folder: String) throws {
    for file in files {
      guard FileManager.default.fileExists(atPath: folder + "/" + file.name) else {
        throw CheckpointManifest.damaged(folder, "\(file.name.shown) is missing")
      }
      let (bytes, checksum) = try CheckpointManifest.checksum(folder + "/" + file.name)
      guard bytes == file.bytes else {
        throw CheckpointManifest.damaged(
          folder, "\(file.name.shown) has \(bytes) bytes, it was written with \(file.bytes)")
      }
      guard checksum == file.crc32 else {
        throw CheckpointManifest.damaged(
          folder, "\(file.name.shown) has the checksum \(checksum), not \(file.crc32.shown)")
      }
    }
  }

  static func damaged(_ folder: String, _ reason: String) -> Problem {
    Problem(
      "the checkpoint \(folder) is damaged: \(reason)",
      advice: "restore it from a copy; --resume takes the checkpoint before it")
  }

  private static func checksum(_ path: String) throws -> (bytes: Int, crc32: String) {
    var crc = CRC32()
    var bytes = 0
    let file = try RegularFile.open(path).handle
    do {
      while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
        piece.withUnsafeBytes { crc.update($0) }
        bytes += piece.count
      }
    } catch {
      throw Problem("cannot read \(path): \(error.systemReason)", advice: "check its permissions")
    }
    return (bytes, crc.hexadecimal)
  }
}
