import Engine
import Foundation

/// A file that a command writes when all of its work is done.
struct OutputFile {
  let path: String

  init(_ path: String) { self.path = path }

  /// Throws a `Problem` where the file could not be written, before work is done for nothing.
  func requirePlace() throws {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    guard access(folder, W_OK | X_OK) == 0 else { throw refused(String(cString: strerror(errno))) }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw refused("it is a folder")
    }
  }

  func write(_ text: String) throws {
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw refused(error.systemReason)
    }
  }

  private func refused(_ reason: String) -> Problem {
    Problem("cannot write \(path): \(reason)", advice: "check that the folder exists, is writable and has space left")
  }
}
