import Foundation
import Glibc

/// How this program writes its files: each is there whole or not at all, whatever happens to the machine meanwhile.
///
/// A symbolic link is followed, and what it leads to is replaced. What cannot be replaced is written into: a pipe, a device,
/// or the file that is this program's standard output.
public enum DurableFile {
  public static func write(_ data: Data, to path: String, isSynced: Bool = true) throws {
    try write(to: path, isSynced: isSynced) { try $0.write(contentsOf: data) }
  }

  /// Lets `body` write a file under a temporary name, then gives it the name `path` in one step.
  ///
  /// - Parameter isSynced: whether the file survives a power cut, too.
  ///
  /// Throws a `Problem` that names the file; what was there before is still whole then.
  public static func write(to path: String, isSynced: Bool = true, _ body: (FileHandle) throws -> Void) throws {
    let place = try Place(path)
    if place.isStream {
      let descriptor = place.standardStream.map { dup($0) } ?? open(path, O_WRONLY | O_CLOEXEC)
      return try fill(descriptor, path) { try body($0) }
    }
    let temporary = temporaryName(for: place.path)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    do {
      try fill(descriptor, path) { file in
        place.keepOwnership(file.fileDescriptor)
        try body(file)
        if isSynced { try sync(file.fileDescriptor, path) }
      }
      try rename(temporary, to: place.path)
    } catch {
      unlink(temporary)
      throw error
    }
    if isSynced { try syncFolder(of: place.path) }
  }

  /// Throws a `Problem` where a file could not be written, before work is done for nothing.
  public static func requirePlace(_ path: String) throws {
    let place = try Place(path)
    let needed = place.isStream ? path : folder(of: place.path)
    guard access(needed, place.isStream ? W_OK : W_OK | X_OK) == 0 else { throw cannotWrite(path) }
  }

  private static func fill(_ descriptor: Int32, _ path: String, _ body: (FileHandle) throws -> Void) throws {
    guard descriptor >= 0 else { throw cannotWrite(path) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      try body(file)
      try file.close()
    } catch {
      throw cannotWrite(path, error.systemReason)
    }
  }

  // MARK: - Names

  /// A name beside `path` that no other process uses.
  public static func temporaryName(for path: String) -> String { "\(path).\(getpid()).tmp" }

  /// What `name` was to become, if a process that has ended left it half-written; nil for all other names.
  ///
  /// - Parameter countsOwn: whether this process, which may have an ended one's number, is known to be writing nothing there.
  public static func abandoned(_ name: String, countsOwn: Bool) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 2, parts.last == "tmp", let process = Int32(parts[parts.count - 2]), process > 0 else {
      return nil
    }
    let hasEnded = process == getpid() ? countsOwn : kill(process, 0) != 0 && errno == ESRCH
    return hasEnded ? parts.dropLast(2).joined(separator: ".") : nil
  }

  public static func rename(_ from: String, to path: String) throws {
    guard Glibc.rename(from, path) == 0 else { throw cannotWrite(path) }
  }

  // MARK: - Power cuts

  /// Makes a new name in the folder of `path` survive a power cut.
  public static func syncFolder(of path: String) throws {
    let folder = folder(of: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotWrite(folder) }
    defer { close(descriptor) }
    try sync(descriptor, folder)
  }

  /// Some file systems know no syncing.
  public static func sync(_ descriptor: Int32, _ path: String) throws {
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw cannotWrite(path) }
  }

  private static func folder(of path: String) -> String {
    URL(fileURLWithPath: path).deletingLastPathComponent().path
  }

  /// `reason` defaults to what the last system call said.
  public static func cannotWrite(
    _ path: String, _ reason: String = String(cString: strerror(errno))
  ) -> Problem {
    Problem("cannot write \(path): \(reason)", advice: "check that the folder exists, is writable and has space left")
  }
}

/// Where the bytes of an output belong.
private struct Place {
  /// At the end of all links.
  private(set) var path: String
  /// What is there now; nil if nothing is.
  private var existing: stat?

  /// Throws a `Problem` for a folder.
  init(_ given: String) throws {
    path = given
    var status = stat()
    if stat(given, &status) == 0 { existing = status }
    guard existing.map({ $0.st_mode & S_IFMT != S_IFDIR }) ?? true else {
      throw DurableFile.cannotWrite(given, "it is a folder")
    }
    // As many as the system follows.
    for _ in 0..<40 {
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
      path = URL(fileURLWithPath: target, relativeTo: URL(fileURLWithPath: path).deletingLastPathComponent()).path
    }
  }

  var isStream: Bool { standardStream != nil || existing.map { $0.st_mode & S_IFMT != S_IFREG } ?? false }

  /// The standard output or error, if the place is the same file: the shell goes on writing there.
  var standardStream: Int32? {
    guard let existing else { return nil }
    return [STDOUT_FILENO, STDERR_FILENO].first { descriptor in
      var status = stat()
      return fstat(descriptor, &status) == 0 && (status.st_dev, status.st_ino) == (existing.st_dev, existing.st_ino)
    }
  }

  /// Who may read what is replaced may read the new file, and nobody else.
  func keepOwnership(_ descriptor: Int32) {
    guard let existing else { return }
    // Only the superuser may give files away.
    _ = fchown(descriptor, existing.st_uid, existing.st_gid)
    _ = fchmod(descriptor, existing.st_mode & 0o7777)
  }
}

extension FileManager {
  /// Whether what is at a path, links followed, is a folder; nil where nothing is.
  public func isFolder(_ path: String) -> Bool? {
    var isFolder: ObjCBool = false
    return fileExists(atPath: path, isDirectory: &isFolder) ? isFolder.boolValue : nil
  }

  /// Makes a folder and those around it where they are not there yet; throws a `Problem` with the system's reason.
  public func makeFolder(_ path: String, advice: String = "check that its parent can be written") throws {
    do {
      try createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Problem("cannot make the folder \(path): \(error.systemReason)", advice: advice)
    }
  }
}
