import Foundation

/// A file's bytes as memory, read by the system when they are touched.
///
/// The file must not be shortened while this value lives: touching what is gone ends the program.
final class MappedFile: Sendable {
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// Throws a `Problem` with the system's reason when the file cannot be opened, or is none.
  convenience init(_ path: String) throws {
    try self.init(FileName(path), advice: "give the path of a weights file")
  }

  /// A copy of bytes that are no file, or no longer one.
  init(_ contents: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 16)
    copy.copyBytes(from: contents)
    (bytes, isMapped) = (UnsafeRawBufferPointer(copy), false)
  }

  /// - Parameter advice: for what is there and no file.
  init(_ name: FileName, advice: String) throws {
    func problem(_ advice: String?) -> Problem {
      Problem("cannot open \(name.text): \(String(cString: strerror(errno)))", advice: advice)
    }

    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    let descriptor = open(name.cString, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw problem("check the path and its permissions") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw problem(nil) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Problem("cannot read \(name.text): it is not a file", advice: advice)
    }
    let size = Int(status.st_size)
    isMapped = size > 0
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
      throw problem(nil)
    }
    bytes = UnsafeRawBufferPointer(start: memory, count: size)
  }

  deinit {
    guard isMapped else { return bytes.deallocate() }
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}

extension UnsafeRawBufferPointer {
  /// The little-endian number at `offset`; nil when it does not lie inside.
  func number<Number: FixedWidthInteger>(at offset: Int, as: Number.Type) -> Number? {
    guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return nil }
    return Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
  }

  /// True when `bytes` stand at `offset`.
  func has(_ bytes: [UInt8], at offset: Int = 0) -> Bool {
    offset >= 0 && bytes.count <= count - offset && self[offset..<offset + bytes.count].elementsEqual(bytes)
  }
}
