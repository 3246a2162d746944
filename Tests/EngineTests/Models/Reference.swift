import Foundation
import TestSupport
import Testing

@testable import Engine

/// Fixtures that the scripts in Tests/Reference wrote.
enum Reference {
  static func path(_ name: String) -> String { Fixture.folder.appending(path: name).path }

  /// `name.safetensors`, `name-2.safetensors`, … as one.
  static func tensors(_ name: String) throws -> ReferenceTensors {
    var files = [try SafetensorsFile(path("\(name).safetensors"))]
    while FileManager.default.fileExists(atPath: path("\(name)-\(files.count + 1).safetensors")) {
      files.append(try SafetensorsFile(path("\(name)-\(files.count + 1).safetensors")))
    }
    return ReferenceTensors(files: files)
  }

  static func json(_ name: String) throws -> JSON {
    let data = try Data(contentsOf: URL(filePath: path(name)))
    return try JSON(parsing: [UInt8](data), file: name)
  }

  /// A folder of one's own that is gone when `body` returns.
  static func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appending(path: "engine-tests-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }
}

struct ReferenceTensors {
  let files: [SafetensorsFile]

  var names: [String] { files.flatMap(\.tensorNames) }

  /// Throws when the fixture lacks it, so that a test cannot pass by comparing nothing.
  subscript(name: String) -> Tensor {
    get throws {
      for file in files {
        if let tensor = try file.tensor(named: name) { return tensor }
      }
      throw Problem("the fixture has no tensor \(name)")
    }
  }

  func integers(_ name: String) throws -> [Int] {
    for file in files {
      if let integers = try file.integers(named: name) { return integers.map(Int.init) }
    }
    throw Problem("the fixture has no tensor \(name)")
  }
}

/// Every gradient of the reference agrees with the parameter's own.
func expectGradients(
  of parameters: [Parameter], equal reference: ReferenceTensors, relative: Double = 1e-4,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(Set(parameters.map(\.name)) == Set(reference.names), sourceLocation: sourceLocation)
  for parameter in parameters {
    guard let gradient = parameter.gradient else {
      Issue.record("\(parameter.name) received no gradient", sourceLocation: sourceLocation)
      continue
    }
    let expected = try reference[parameter.name]
    // A key's bias shifts all scores of a query alike, which softmax does not see, unless keys are normed.
    let isKeyBias = parameter.name.hasSuffix("k_proj.bias") || parameter.name.hasSuffix("to_k.bias")
    if isKeyBias, expected.values.allSatisfy({ abs($0) < 1e-5 }) {
      #expect(gradient.values.allSatisfy { abs($0) < 1e-4 }, "\(parameter.name)", sourceLocation: sourceLocation)
    } else {
      expect(gradient, equals: expected, within: .relative(relative), parameter.name, sourceLocation: sourceLocation)
    }
  }
}
