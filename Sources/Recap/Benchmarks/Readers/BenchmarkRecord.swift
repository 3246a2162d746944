import Engine
import Foundation

/// A pair as a benchmark's file has it, before its images are looked for.
struct BenchmarkRecord {
  var id: String
  /// Where it stands: "record 3".
  var place: String
  var category: String?
  var shape = ImagePair.Shape.square
  /// The right ones first.
  var statements: [String]
  /// Paths as they stand there; the right one first.
  var images: [String]
  var crop: PixelBox?
  var set: PairSet?
}

/// What a reader made of one of its files.
struct BenchmarkTable {
  var file: String
  var category: String?
  var records: [BenchmarkRecord]
}

extension BenchmarkTable {
  /// - Parameters:
  ///   - list: what is in the file, read if it is not known yet.
  ///   - record: reads a pair.
  init(
    _ file: URL, category: String? = nil, _ list: [JSON]? = nil, record: (RecordMembers) throws -> BenchmarkRecord
  ) throws {
    let records = try (list ?? BenchmarkFolder.records(file)).enumerated().map { number, json in
      try record(RecordMembers(json, file.path, number))
    }
    self.init(file: file.path, category: category, records: records)
  }
}

/// A record's members by name; what is missing or of another kind is named, with its place.
struct RecordMembers {
  let json: JSON
  let file: String
  let number: Int

  /// - Parameter number: from 0.
  init(_ json: JSON, _ file: String, _ number: Int) { (self.json, self.file, self.number) = (json, file, number) }

  var place: String { "record \(number + 1)" }

  func problem(_ what: String) -> Problem {
    Problem("\(file), \(place): \(what)", advice: "get the benchmark's file again, or mend that record")
  }

  func text(_ name: String) throws -> String {
    guard let text = json[name]?.text else { throw problem("“\(name)” is missing, or no text") }
    return text
  }

  func optionalText(_ name: String) -> String? { json[name]?.text.flatMap { $0.isEmpty ? nil : $0 } }

  func texts(_ name: String) throws -> [String] {
    let texts = json[name]?.elements?.compactMap(\.text)
    guard let texts, !texts.isEmpty, texts.count == json[name]?.elements?.count else {
      throw problem("“\(name)” is missing, or no list of texts")
    }
    return texts
  }

  /// The right caption and the wrong ones.
  func options() throws -> [String] {
    let options = try texts("caption_options")
    guard options.count > 1 else { throw problem("there is one caption option") }
    return options
  }

  func integer(_ name: String) throws -> Int {
    let value = json[name]?.double
    guard let value, value == value.rounded(), abs(value) < 1e15 else {
      throw problem("“\(name)” is missing, or no whole number")
    }
    return Int(value)
  }

  /// A number or a text; the place where there is none of this name.
  func id(_ name: String) -> String {
    switch json[name] {
    case .integer(let id)?: "\(id)"
    case .string(let id)? where !id.isEmpty: id
    default: "\(number)"
    }
  }
}
