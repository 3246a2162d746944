import Foundation

/// A path or name as the system has it: bytes, which need not be UTF-8.
public struct FileName: Hashable, Comparable, Sendable {
  public let bytes: [UInt8]

  public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
  public init(_ text: String) { self.init(text.utf8) }
  /// The bytes up to a zero.
  public init(cString: UnsafePointer<CChar>) {
    self.init(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
  }

  /// For messages: what is no UTF-8 shows as U+FFFD.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
  /// For the system's calls.
  public var cString: [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }
  /// What follows the last slash.
  public var last: FileName { FileName(bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]) }
  /// What follows the last dot of the last part, in lower case; empty where there is none, or only one in front.
  public var fileExtension: String {
    let name = last.bytes
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return "" }
    return String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()
  }

  public func appending(_ name: FileName) -> FileName {
    FileName(bytes + (bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]) + name.bytes)
  }

  /// What the system says of the file, links followed; nil when there is none.
  public var status: stat? {
    var facts = stat()
    return stat(cString, &facts) == 0 ? facts : nil
  }

  /// By bytes: the same order on every machine.
  public static func < (one: FileName, other: FileName) -> Bool { one.bytes.lexicographicallyPrecedes(other.bytes) }
}
