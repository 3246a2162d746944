import Foundation
import Testing

@testable import Engine
@testable import TUI

/// What a reader made of a spoilt file, when it was neither refused nor right.
struct Malformed: Error {
  let what: String
  init(_ what: String) { self.what = what }
}

/// A reader of files from strangers, with valid files to spoil.
///
/// To add one: list its valid files, read the spoilt one, and throw `Malformed` when the result contradicts itself.
struct Reader: Sendable {
  let name: String
  let victims: @Sendable () throws -> [Victim]
  /// Reads the spoilt file; its folder is the reader's own.
  let read: @Sendable (_ file: URL, _ victim: Victim) throws -> Void

  static let all = [
    safetensors, pytorch, pickle, shards, configuration, json, csv, picture, tar, tokenizer, tokenizerFile,
  ]

  static let safetensors = Reader(
    name: "safetensors",
    victims: {
      try ["safetensors_types.safetensors", "safetensors_python.safetensors"].map(Victim.fixture)
    }, read: { file, _ in try readAll(CheckpointFile(file.path)) })

  static let pytorch = Reader(
    name: "PyTorch",
    victims: {
      try [
        "types.pt", "views.pt", "zip64.pt", "wrapped.pt", "traced.pt", "CLIP_after_GenFT.pth", "legacy.bin",
        "legacy-module.pth",
      ].map { try Victim.fixture("pytorch/" + $0) }
    }, read: { file, _ in try readAll(CheckpointFile(file.path)) })

  /// Spoilt pickles in sound archives, so that changes of length reach the pickle reader.
  static let pickle = Reader(
    name: "pickle",
    victims: {
      try ["types.pt", "views.pt", "wrapped.pt", "scripted.pt", "CLIP_after_GenFT.pth", "protocol-4.pt"].map {
        let archive = try Victim.fixture("pytorch/" + $0)
        let pickle = try members(of: archive).first { $0.name.hasSuffix("/data.pkl") }?.bytes ?? []
        return Victim(name: archive.name, bytes: pickle)
      }
    },
    read: { file, victim in
      let spoilt = [UInt8](try Data(contentsOf: file))
      let archive = try members(of: Victim.fixture(victim.name)).map {
        $0.name.hasSuffix("/data.pkl") ? ($0.name, spoilt) : $0
      }
      let home = file.appendingPathExtension("zip")
      try Data(StoredZip.archive(archive)).write(to: home)
      try readAll(CheckpointFile(home.path))
    })

  static let shards = Reader(
    name: "index of shards", victims: { [try .fixture("pytorch/sharded/pytorch_model.bin.index.json")] },
    read: { file, _ in
      try inFolder(file, of: "pytorch/sharded", as: "pytorch_model.bin.index.json") { try readAll(CheckpointFile($0)) }
    })

  /// Through `inspect`, which builds the outline of the model that the configuration describes.
  static let configuration = Reader(
    name: "configuration",
    victims: { try ["clip", "unet", "vae"].map { try .fixture("models/\($0)/config.json") } },
    read: { file, victim in
      let folder = String(victim.name.dropLast("/config.json".count))
      try inFolder(file, of: folder, as: "config.json") { path in
        let told = try Inspection(path)
        if told.text.isEmpty { throw Malformed("nothing told") }
      }
    })

  static let json = Reader(
    name: "JSON",
    victims: {
      try ["models/unet/config.json", "mini_vocabulary/vocab.json", "mini_vocabulary_single_file/tokenizer.json"].map(
        Victim.fixture)
    },
    read: { file, _ in
      let value = try JSON(parsing: [UInt8](Data(contentsOf: file)), file: file.path)
      for text in [value.compact, value.pretty] where try JSON(parsing: Array(text.utf8), file: "again") != value {
        throw Malformed("JSON that changes when it is written")
      }
    })

  static let csv = Reader(
    name: "CSV",
    victims: {
      let text = "Question ID,Type,\"Statement, quoted\"\r\n1,\"a \"\"b\"\"\",c\n2,,\"two\nlines\"\r\n"
      return [Victim(name: "questions.csv", bytes: Array(text.utf8))]
    },
    read: { file, _ in
      let rows = try CSV.rows(in: Data(contentsOf: file)).map(\.fields)
      guard try CSV.rows(in: Array(CSV.text(rows).utf8)).map(\.fields) == rows else {
        throw Malformed("rows that change when they are written")
      }
    })

  static let picture = Reader(
    name: "picture", victims: Victim.pictures,
    read: { file, _ in
      let image = try Image(contentsOf: file)
      guard image.width > 0, image.height > 0, image.pixels.count == 3 * image.width * image.height else {
        throw Malformed("\(image.pixels.count) numbers for \(image.width) × \(image.height) pixels")
      }
    })

  /// Spoilt headers get right checksums again, so that changes reach what is behind that check.
  static let tar = Reader(
    name: "tar", victims: Victim.tars,
    read: { file, _ in
      let spoilt = [UInt8](try Data(contentsOf: file))
      for bytes in [spoilt, Victim.signed(spoilt)] {
        try Data(bytes).write(to: file)
        let tar = try TarArchive(file.path) { _ in true }
        var end = 0
        for member in tar.members {
          guard member.bytes.lowerBound >= end + 512, member.bytes.upperBound <= bytes.count else {
            throw Malformed("a member at \(member.bytes) of \(bytes.count) bytes, after one that ends at \(end)")
          }
          end = member.bytes.upperBound
        }
        let words = tar.obstacles.map(\.description) + tar.members.map(tar.name)
        for text in words where text != text.withoutControlCharacters(keepingNewlines: true) || text.count > 1000 {
          throw Malformed("words that no terminal should see")
        }
      }
    })

  static let tokenizer = Reader(
    name: "vocabulary and merges",
    victims: {
      try ["vocab.json", "merges.txt", "tokenizer_config.json"].map { try .fixture("mini_vocabulary/" + $0) }
    },
    read: { file, victim in
      let name = String(victim.name.dropFirst("mini_vocabulary/".count))
      try inFolder(file, of: "mini_vocabulary", as: name) { try encode(CLIPTokenizer(folder: URL(filePath: $0))) }
    })

  static let tokenizerFile = Reader(
    name: "tokenizer.json", victims: { [try .fixture("mini_vocabulary_single_file/tokenizer.json")] },
    read: { file, _ in
      try inFolder(file, of: "mini_vocabulary_single_file", as: "tokenizer.json") {
        try encode(CLIPTokenizer(folder: URL(filePath: $0)))
      }
    })
}

extension Reader: CustomTestStringConvertible {
  var testDescription: String { name }
}

/// Every tensor is what its description says; views that repeat themselves are left alone when they grow large.
private func readAll(_ file: CheckpointFile) throws {
  guard !file.tensorNames.isEmpty, Set(file.tensorNames).count == file.tensorNames.count else {
    guard file.tensorNames.isEmpty, file.format == "safetensors" else { throw Malformed("names: \(file.tensorNames)") }
    return
  }
  for name in file.tensorNames {
    guard let told = file.description(of: name) else { throw Malformed("\(name) has no description") }
    guard told.byteCount <= 1 << 22, told.type.bits % 8 == 0 else { continue }
    guard let stored = try file.stored(named: name), stored.description == told else {
      throw Malformed("\(name) is not what it is said to be")
    }
    // Touches every byte.
    let sum = stored.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
    guard sum >= 0 else { throw Malformed("\(name) cannot be summed") }
    if told.type.isReadableFloat, told.dims.count <= 6, told.dims.allSatisfy({ $0 <= Int32.max }) {
      guard try file.tensor(named: name)?.count == told.count else { throw Malformed("\(name) has another size") }
    }
  }
}

private func encode(_ tokenizer: CLIPTokenizer) throws {
  let tokens = tokenizer.tokens("a photo of a dog, don't")
  guard tokens.count == tokenizer.contextLength, tokens.allSatisfy({ (0..<tokenizer.vocabularySize).contains($0) })
  else {
    throw Malformed("tokens \(tokens)")
  }
}

/// The members of one of our archives, uncompressed ones only.
private func members(of victim: Victim) throws -> [(name: String, bytes: [UInt8])] {
  try victim.bytes.withUnsafeBytes { bytes in
    let zip = try ZipArchive(bytes, name: victim.name)
    return zip.names.compactMap { name in
      guard let member = zip.members[name], member.obstacle == nil else { return nil }
      return (name, [UInt8](bytes[member.bytes]))
    }
  }
}

/// A copy of a fixture's folder in which the spoilt file takes the place of `name`.
private func inFolder(_ file: URL, of folder: String, as name: String, _ body: (String) throws -> Void) throws {
  let copy = file.deletingLastPathComponent().appending(path: "folder")
  if !FileManager.default.fileExists(atPath: copy.path) {
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
  }
  for other in try FileManager.default.contentsOfDirectory(atPath: copy.path) {
    try FileManager.default.removeItem(at: copy.appending(path: other))
  }
  let source = Victim.fixtures.appending(path: folder)
  for other in try FileManager.default.contentsOfDirectory(atPath: source.path) where other != name {
    try FileManager.default.createSymbolicLink(
      at: copy.appending(path: other), withDestinationURL: source.appending(path: other))
  }
  try FileManager.default.createSymbolicLink(at: copy.appending(path: name), withDestinationURL: file)
  try body(copy.path)
}
