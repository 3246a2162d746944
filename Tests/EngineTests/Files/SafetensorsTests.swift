import Foundation
import Testing

@testable import Engine

/// Against the Python package; Tests/Reference/safetensors_cases.py wrote the fixtures.
struct SafetensorsTests {
  /// Every file of the fixture with what we say of it; nil where it must open.
  static let verdicts: [(name: String, complaint: String?)] = [
    ("two tensors", nil),
    ("two tensors, later one named first", nil),
    ("no tensors", nil),
    ("only metadata", nil),
    ("padded header", nil),
    ("scalar", nil),
    ("zero-size tensor", nil),
    ("unknown field in an entry", nil),
    ("empty file", "it has 0 bytes; a safetensors file begins with the 8-byte size of its header"),
    ("shorter than its own size", "it has 3 bytes"),
    ("header longer than the file", "its header should be 1000 bytes, the file has only 61 after its size"),
    ("header longer than allowed", "its header would be 100000001 bytes; at most 100000000 are allowed"),
    ("header of astronomic length", "its header would be 18446744073709551615 bytes"),
    ("data cut short", "its tensors need 16 bytes of data, the file has 12"),
    ("bytes after the last tensor", "8 bytes after its last tensor belong to no tensor"),
    ("hole", "bytes 8 to 12, before b, belong to no tensor"),
    ("data that begins late", "bytes 0 to 4, before a, belong to no tensor"),
    ("overlap", "b begins at byte 4, inside the tensor before it"),
    ("end before start", "a ends at byte 0, before its start 8"),
    ("unknown dtype", "a has the unknown dtype F31"),
    ("lower-case dtype", "a has the unknown dtype f32"),
    ("missing dtype", "a has no dtype"),
    ("missing shape", "a has no shape of whole numbers"),
    ("missing offsets", "a has no data_offsets of two whole numbers"),
    ("three offsets", "a has no data_offsets of two whole numbers"),
    ("shape that does not fill its bytes", "a is F32 of shape [3], 12 bytes, but 8 are set aside"),
    ("shape whose size overflows", "a has the impossible shape"),
    ("shape whose bit count overflows", "a has the impossible shape"),
    ("half a byte", "a is F4 of shape [3], 2 bytes, but 2 are set aside"),
    ("negative size", "a has no shape of whole numbers"),
    ("size with a fraction", "a has no shape of whole numbers"),
    ("entry that is a list", "a has no dtype"),
    ("header that is a list", "its header does not begin with '{'"),
    ("header that is no JSON", "not valid JSON at line 1, column 2"),
    ("header that ends early", "not valid JSON at line 1, column 6"),
    ("header that is not UTF-8", "text that is not UTF-8"),
    ("number in the metadata", "format in its __metadata__ is not a string"),
    ("metadata that is a list", "its __metadata__ is not an object"),
    // The Python package opens these two, against the format's own description.
    ("leading space", "its header does not begin with '{'"),
    ("one name twice", "the name \"a\" stands twice"),
    ("control characters in a name", "[2J is F32 of shape [3]"),
  ]

  private static let moreLenientInPython: Set<String> = ["leading space", "one name twice"]

  private func cases() throws -> [String: HostileFile] {
    try HostileFile.all(in: "safetensors_cases.json", accepted: "pythonAccepts")
  }

  @Test("each file opens or is refused with its reason, as in Python or more strictly", arguments: verdicts)
  func verdict(name: String, complaint: String?) throws {
    let expected = try #require(try cases()[name])
    #expect((complaint == nil || Self.moreLenientInPython.contains(name)) == expected.isAccepted)
    try Reference.withTemporaryFolder { folder in
      let path = folder + "/model.safetensors"
      try expected.content.write(to: URL(filePath: path))

      let problem: Problem?
      do {
        _ = try SafetensorsFile(path)
        problem = nil
      } catch let refusal as Problem {
        problem = refusal
      }

      guard let complaint else { return #expect(problem == nil) }
      let told = try #require(problem).description
      #expect(told.contains(complaint))
      #expect(told.contains(path))
      #expect(!told.contains("\u{1b}") && !told.contains("\u{7}"))
    }
  }

  @Test("halves are rounded as Float16 rounds; contents in memory are the file's")
  func halves() throws {
    let numbers: [Float] = [0, -0.0, 1, -2.5, 1e-8, 3e-8, 6.1e-5, 0.1, 65504, 65519, 65520, -1e9, .infinity, .nan]
    let writer = SafetensorsWriter([
      .float16s("half", Tensor(numbers, shape: [2, 7])), .floats("whole", Tensor(numbers, shape: [14])),
    ])
    let file = try SafetensorsFile(contents: [UInt8](writer.contents), name: "memory")
    let half = try #require(try file.tensor(named: "half"))
    #expect(file.description(of: "half")?.type == .f16 && half.shape == [2, 7])
    for (found, number) in zip(half.values, numbers) { #expect("\(found)" == "\(Float(Float16(number)))") }
    #expect(try file.tensor(named: "whole")?.values.first == 0)
    try Reference.withTemporaryFolder { folder in
      try writer.write(to: folder + "/file.safetensors")
      #expect(try Data(contentsOf: URL(filePath: folder + "/file.safetensors")) == writer.contents)
    }
  }

  @Test("every file of the fixture has a verdict")
  func complete() throws {
    #expect(Set(try cases().keys) == Set(Self.verdicts.map(\.name)))
  }

  @Test("a file with any byte changed, or cut short, opens or is refused, and never reaches beyond the file")
  func mutations() throws {
    let original = [UInt8](try Data(contentsOf: URL(filePath: Reference.path("safetensors_python.safetensors"))))
    var refused = 0
    func open(_ bytes: [UInt8]) throws {
      do {
        try bytes.withUnsafeBytes { buffer in
          let header = try SafetensorsHeader(buffer, name: "mutant")
          for entry in header.entries.values {
            #expect(header.dataStart + entry.bytes.upperBound <= bytes.count)
          }
        }
      } catch is Problem {
        refused += 1
      }
    }

    for place in original.indices {
      var mutant = original
      mutant[place] = [original[place] ^ 1, original[place] ^ 0x80, UInt8(ascii: "9"), UInt8(ascii: "}")][place % 4]
      try open(mutant)
    }
    for end in stride(from: 0, to: original.count, by: 7) { try open(Array(original[..<end])) }

    #expect(refused > original.count / 2)
  }

  @Test("all float types are read as the Float32 that PyTorch makes of them")
  func floats() throws {
    let file = try SafetensorsFile(Reference.path("safetensors_types.safetensors"))
    let numbers: [Float] = [0, -0.0, 1, -2.5, 65504, 5.9604644775390625e-08, .infinity, -.infinity]

    for name in ["f64", "f32", "f16"] {
      let tensor = try #require(try file.tensor(named: name))
      #expect(tensor.shape == [2, 4])
      #expect(tensor.values.map(\.bitPattern) == numbers.map(\.bitPattern), "\(name)")
    }
    let coarse = try #require(try file.tensor(named: "bf16")).values
    #expect(coarse == [0, -0.0, 1, -2.5, 65536, 5.9604644775390625e-08, .infinity, -.infinity])
    #expect(try file.tensor(named: "third")?.item == Float(1.0 / 3))
    #expect(try file.tensor(named: "nan")?.item.isNaN == true)
    #expect(try file.tensor(named: "empty")?.shape == [0, 3])
    #expect(try file.tensor(named: "missing") == nil)
    #expect(file.metadata == ["format": "pt"])
  }

  @Test("all integer types are read")
  func integers() throws {
    let file = try SafetensorsFile(Reference.path("safetensors_types.safetensors"))

    #expect(try file.integers(named: "i64") == [-(1 << 62), 7])
    #expect(try file.integers(named: "i32") == [-5, (1 << 31) - 1])
    #expect(try file.integers(named: "i16") == [-300])
    #expect(try file.integers(named: "i8") == [-128, 127])
    #expect(try file.integers(named: "u8") == [0, 255])
    #expect(try file.integers(named: "bool") == [1, 0])
    #expect(try file.integers(named: "missing") == nil)
    #expect(file.description(of: "i64")?.dims == [2, 1])
  }

  @Test("asking for floats of integers, or the other way round, says what the tensor is")
  func wrongKind() throws {
    let file = try SafetensorsFile(Reference.path("safetensors_types.safetensors"))

    let floats = try #require(throws: Problem.self) { try file.tensor(named: "i64") }
    let integers = try #require(throws: Problem.self) { try file.integers(named: "f16") }

    #expect(floats.message.hasSuffix("it is stored as I64"))
    #expect(integers.message.hasSuffix("it is stored as F16"))
  }

  @Test("a written file equals Python's byte for byte")
  func writing() throws {
    try Reference.withTemporaryFolder { folder in
      let path = folder + "/ours.safetensors"

      try SafetensorsWriter([
        .floats("quoted \"é\" \\ \n", Tensor(zeros: [0, 2])),
        .floats("scale", Tensor(scalar: 4)),
        .integers("timesteps", [3, 500], dims: [2]),
        .floats("a.weight", Tensor([-1.5], shape: [1])),
        .floats("b.weight", Tensor([0, 0.25, 0.5, 0.75, 1, 1.25], shape: [2, 3])),
      ]).write(to: path)

      let ours = try Data(contentsOf: URL(filePath: path))
      #expect(ours == (try Data(contentsOf: URL(filePath: Reference.path("safetensors_python.safetensors")))))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["ours.safetensors"])
    }
  }

  @Test("what cannot be opened or written is a problem with the path and the system's reason")
  func systemProblems() throws {
    try Reference.withTemporaryFolder { folder in
      let missing = try #require(throws: Problem.self) { try SafetensorsFile(folder + "/none") }
      let isFolder = try #require(throws: Problem.self) { try SafetensorsFile(folder) }
      let nowhere = try #require(throws: Problem.self) {
        try SafetensorsWriter([]).write(to: folder + "/none/file.safetensors")
      }

      #expect(missing.message == "cannot open \(folder)/none: No such file or directory")
      #expect(isFolder.message == "cannot read \(folder): it is not a file")
      #expect(nowhere.message == "cannot write \(folder)/none/file.safetensors: No such file or directory")
      #expect(nowhere.advice != nil)
    }
  }
}
