import Foundation

@testable import Engine

/// One input of libFuzzer's for the reader that DIVA_FUZZ_READER names: it is read or refused, or the process ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  reader(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

private let reader: @Sendable ([UInt8]) -> Void = {
  let name = ProcessInfo.processInfo.environment["DIVA_FUZZ_READER"] ?? ""
  guard let reader = readers[name] else {
    preconditionFailure("DIVA_FUZZ_READER is one of \(readers.keys.sorted().joined(separator: ", "))")
  }
  return { bytes in
    // Refusals are what most inputs deserve.
    do { try reader(bytes) } catch {}
  }
}()

private let readers: [String: @Sendable ([UInt8]) throws -> Void] = [
  "json": { _ = try JSON(parsing: $0, file: "x") },
  "csv": {
    let rows = try CSV.rows(in: $0).map(\.fields)
    let again = try CSV.rows(in: CSV.text(rows).utf8).map(\.fields)
    precondition(again == rows, "rows that change when they are written")
  },
  "gzip": { _ = try Gzip.inflated($0, limit: 1 << 20) },
  "pickle": { _ = try PickledModel(PickleMachine.read($0).pickle) },
  "tar": { bytes in
    try signed(bytes).withUnsafeBytes { file in
      var position = 0
      while let entry = try TarEntry(file, at: position) {
        precondition(entry.start >= position && entry.contents.upperBound <= entry.end && entry.end <= file.count)
        position = entry.end
      }
    }
  },
  "zip": { bytes in
    try bytes.withUnsafeBytes { file in
      for member in try ZipArchive(file, name: "x").members.values {
        precondition(member.bytes.lowerBound >= 0 && member.bytes.upperBound <= file.count)
      }
    }
  },
  "weights": { bytes in
    try Data(bytes).write(to: scratch)
    let file = try WeightsFile(scratch.path)
    for name in file.tensorNames where (file.description(of: name)?.count ?? 0) < 1 << 20 {
      _ = try file.tensor(named: name)?.values
    }
  },
  // SentencePiece models of both kinds, and each tokenizer.json.
  "sentencepiece": { try tokenize($0, "spiece.model") { try SigLIPVocabulary.tokenizer(near: $0) } },
  "vocabulary": { bytes in
    try tokenize(bytes, "tokenizer.json") { file in
      try (try? SigLIPVocabulary.tokenizer(near: file)) ?? CLIPTokenizer(folder: file.deletingLastPathComponent())
    }
  },
]

private func tokenize(_ bytes: [UInt8], _ name: String, _ open: (URL) throws -> any Tokenizer) throws {
  let folder = scratch.appendingPathExtension("folder")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  let file = folder.appending(path: name)
  try Data(bytes).write(to: file)
  let tokenizer = try open(file)
  let tokens = tokenizer.tokens("a photo of a dog, don't ﬁ e\u{301} 日本語 ½ </s><eos>")
  precondition(tokens.count == tokenizer.contextLength, "\(tokens.count) tokens")
  precondition(tokens.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) }, "tokens \(tokens)")
}

private let scratch = URL(filePath: "/dev/shm/diva-fuzz-\(getpid())")

/// Right checksums in every block that could be a header, so that changes reach what is behind that check.
private func signed(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  for start in stride(from: 0, through: bytes.count - 512, by: 512)
  where bytes[start..<start + 512].contains(where: { $0 != 0 }) {
    bytes.replaceSubrange(start + 148..<start + 156, with: "        ".utf8)
    let digits = String(bytes[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
    bytes.replaceSubrange(
      start + 148..<start + 156, with: (String(repeating: "0", count: 6 - digits.count) + digits + "\0 ").utf8)
  }
  return bytes
}
