import Engine
import Foundation

/// The pictures in a run's event files for TensorBoard: reconstructions, of which the newest of each tag counts.
public struct TensorBoardPicture: Equatable, Sendable {
  public let tag: String
  public let step: Int
  public let png: Data

  /// In the order of their tags; none where there is no such file. What cannot be read is passed over: a file may be
  /// cut, or still be written.
  public static func newest(in folder: String) -> [TensorBoardPicture] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var newest: [String: TensorBoardPicture] = [:]
    for name in names.filter({ $0.hasPrefix("events.out.tfevents.") }).sorted() {
      guard let data = try? Data(contentsOf: URL(filePath: folder + "/" + name), options: .mappedIfSafe) else {
        continue
      }
      for record in records(in: data) {
        for picture in (try? pictures(inEvent: record)) ?? [] { newest[picture.tag] = picture }
      }
    }
    return newest.values.sorted { $0.tag < $1.tag }
  }

  /// A length, its checksum, the data, its checksum; up to the first that is cut.
  private static func records(in data: Data) -> [ArraySlice<UInt8>] {
    var records: [ArraySlice<UInt8>] = []
    let bytes = [UInt8](data)
    var at = 0
    while at + 12 <= bytes.count {
      let length = bytes[at..<at + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard length <= UInt64(max(bytes.count - at - 16, 0)) else { break }
      records.append(bytes[at + 12..<at + 12 + Int(length)])
      at += 16 + Int(length)
    }
    return records
  }

  /// Of TensorFlow's `event.proto`: step 2, summary 5 · value 1 · tag 1, image 4 · encoded 4.
  private static func pictures(inEvent bytes: ArraySlice<UInt8>) throws -> [TensorBoardPicture] {
    let event = try fields(bytes)
    let step = event.last { $0.number == 2 }?.value.integer.flatMap { Int(exactly: $0) } ?? 0
    return try event.filter { $0.number == 5 }.compactMap(\.value.bytes).flatMap { try fields($0) }
      .filter { $0.number == 1 }.compactMap(\.value.bytes).compactMap { bytes in
        let value = try fields(bytes)
        guard let tag = value.first(where: { $0.number == 1 })?.value.bytes,
          let image = value.first(where: { $0.number == 4 })?.value.bytes,
          let encoded = try fields(image).first(where: { $0.number == 4 })?.value.bytes
        else { return nil }
        return TensorBoardPicture(tag: String(decoding: tag, as: UTF8.self), step: step, png: Data(encoded))
      }
  }

  private static func fields(_ bytes: ArraySlice<UInt8>) throws -> [ProtobufFields.Field] {
    var (reader, fields) = (ProtobufFields(bytes), [ProtobufFields.Field]())
    while let field = try reader.next() { fields.append(field) }
    return fields
  }
}
