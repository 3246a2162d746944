import Engine
import Foundation

/// A TensorBoard event file, `events.out.tfevents.…`: scalars and pictures of a run, appended while it goes.
///
/// A file is a row of records: length (UInt64), masked CRC-32C of the length, the data, masked CRC-32C of the data, all
/// little-endian. The data is an `Event` of TensorFlow's `event.proto`. Readers wait for the rest of a record that is
/// still being written, so the file can be followed at any moment.
final class TensorBoardFile {
  let path: String
  private let file: FileHandle
  private static let colorChannels = 3

  /// Opens a new file in a run's folder. TensorBoard joins the files of one folder, so a resumed run begins another.
  init(in folder: String, at time: Date = Date()) throws {
    // TensorBoard takes any name with "tfevents" in it and orders them by name: the time comes first.
    let name = "events.out.tfevents.\(Int(time.timeIntervalSince1970 * 1000)).\(getpid()).diva-tui"
    path = folder + "/" + name
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw DurableFile.cannotWrite(path) }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var event = ProtobufMessage()
    event.add(1, time.timeIntervalSince1970)
    event.add(3, "brain.Event:2")
    try append(event)
  }

  enum Value {
    case scalar(Float)
    /// A PNG file's bytes.
    case picture(Data, width: Int, height: Int)

    static func picture(_ image: Image) throws -> Value {
      .picture(try image.png(), width: image.width, height: image.height)
    }
  }

  /// Appends one event: values by tag, at a step.
  func add(_ values: [(tag: String, value: Value)], step: Int, at time: Date = Date()) throws {
    var summary = ProtobufMessage()
    for (tag, value) in values { summary.add(1, Self.summaryValue(tag, value)) }
    var event = ProtobufMessage()
    event.add(1, time.timeIntervalSince1970)
    event.add(2, Int64(step))
    event.add(5, summary)
    try append(event)
  }

  private static func summaryValue(_ tag: String, _ value: Value) -> ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, tag)
    switch value {
    case .scalar(let number): message.add(2, number)
    case .picture(let png, let width, let height):
      var picture = ProtobufMessage()
      picture.add(1, Int64(height))
      picture.add(2, Int64(width))
      picture.add(3, Int64(Self.colorChannels))
      picture.add(4, png)
      message.add(4, picture)
    }
    return message
  }

  private func append(_ event: ProtobufMessage) throws {
    let length = withUnsafeBytes(of: UInt64(event.data.count).littleEndian) { Data($0) }
    do {
      try file.write(contentsOf: length + Self.sum(of: length) + event.data + Self.sum(of: event.data))
    } catch {
      throw DurableFile.cannotWrite(path, error.systemReason)
    }
  }

  private static func sum(of data: Data) -> Data {
    withUnsafeBytes(of: CRC32C.masked(data).littleEndian) { Data($0) }
  }
}

/// CRC-32 of Castagnoli (polynomial 0x82F63B78, reflected).
enum CRC32C {
  static func sum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }

  /// With TensorFlow's mask: a checksum of data that holds checksums would be weak.
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let sum = sum(bytes)
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
  }
}

/// A protocol buffer's bytes: each field is a number and type, then its value. Fields are written in the order of the
/// calls.
struct ProtobufMessage {
  private(set) var data = Data()

  mutating func add(_ field: Int, _ value: Double) {
    addVarint(UInt64(field << 3 | 1))
    withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
  }

  mutating func add(_ field: Int, _ value: Float) {
    addVarint(UInt64(field << 3 | 5))
    withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
  }

  mutating func add(_ field: Int, _ value: Int64) {
    addVarint(UInt64(field << 3))
    addVarint(UInt64(bitPattern: value))
  }

  mutating func add(_ field: Int, _ value: Data) {
    addVarint(UInt64(field << 3 | 2))
    addVarint(UInt64(value.count))
    data.append(value)
  }

  mutating func add(_ field: Int, _ value: String) { add(field, Data(value.utf8)) }
  mutating func add(_ field: Int, _ value: ProtobufMessage) { add(field, value.data) }

  private mutating func addVarint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      data.append(UInt8(rest & 0x7F | 0x80))
      rest >>= 7
    }
    data.append(UInt8(rest))
  }
}
