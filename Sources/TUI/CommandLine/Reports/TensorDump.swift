import Engine
import Terminal

/// Tensors on their way to a file, and their shapes on their way to the screen.
struct TensorDump {
  private(set) var entries: [SafetensorsWriter.Entry] = []
  private(set) var facts: [(name: String, fact: Fact)] = []

  struct Fact: Encodable {
    let shape: [Int]
    /// Of the whole tensor; absent for whole numbers.
    let norm: Double?
  }

  mutating func add(_ name: String, _ tensor: Tensor) {
    entries.append(.floats(name, tensor.detached()))
    facts.append((name, Fact(shape: tensor.shape.dims, norm: tensor.norm)))
  }

  mutating func add(_ name: String, integers: [Int], dims: [Int]) {
    entries.append(.integers(name, integers.map(Int64.init), dims: dims))
    facts.append((name, Fact(shape: dims, norm: nil)))
  }

  func write(to path: String) throws { try SafetensorsWriter(entries).write(to: path) }

  var table: String {
    let rows = facts.map { name, fact in
      [name, "(" + fact.shape.map(String.init).joined(separator: ", ") + ")"]
        + [fact.norm.map { $0.text(decimals: 4) } ?? ""]
    }
    return TextTable.text([["tensor", "shape", "norm"]] + rows)
  }

  var byName: [String: Fact] { Dictionary(facts, uniquingKeysWith: { first, _ in first }) }
}
