import Engine
import Foundation

/// Tensors that a script in Tests/Reference wrote: Tests/Fixtures/<name>.safetensors.
package struct Fixture {
  private let file: SafetensorsFile
  private let name: String

  package init(_ name: String) throws {
    self.name = name
    file = try SafetensorsFile(Fixture.folder.appending(path: "\(name).safetensors").path)
  }

  package var names: [String] { file.tensorNames.sorted() }

  package subscript(key: String) -> Tensor {
    get throws {
      guard let tensor = try file.tensor(named: key) else {
        throw Problem("\(name) has no tensor \(key)", advice: "make fixtures writes the fixtures again")
      }
      return tensor
    }
  }

  package func integers(_ key: String) throws -> [Int] {
    guard let numbers = try file.integers(named: key) else {
      throw Problem("\(name) has no whole numbers \(key)", advice: "make fixtures writes the fixtures again")
    }
    return numbers.map(Int.init)
  }

  /// The tensors `prefix`0, `prefix`1, … as far as they go.
  package func numbered(_ prefix: String) throws -> [Tensor] {
    let present = Set(file.tensorNames)
    return try (0...).lazy.map { "\(prefix)\($0)" }.prefix { present.contains($0) }.map { try self[$0] }
  }

  /// The parts of the keys before the last slash, each once.
  package var groups: Set<String> {
    Set(
      file.tensorNames.map {
        $0.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      })
  }

  package static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures").standardizedFileURL
}
