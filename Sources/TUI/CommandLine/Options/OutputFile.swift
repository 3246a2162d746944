import Foundation
import Recap

/// A file that a command writes when all of its work is done.
struct OutputFile {
  let path: String

  init(_ path: String) { self.path = path }

  /// Throws a `Problem` where the file could not be written, before work is done for nothing.
  func requirePlace() throws {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    guard access(folder, W_OK | X_OK) == 0 else { throw DurableFile.cannotWrite(path) }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw DurableFile.cannotWrite(path, "it is a folder")
    }
  }

  func write(_ text: String) throws { try DurableFile.write(Data(text.utf8), to: path) }
}
