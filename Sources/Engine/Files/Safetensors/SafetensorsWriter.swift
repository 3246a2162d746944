import Foundation

/// Tensors to be written to a safetensors file, byte for byte as the Python package would write them.
///
/// ```swift
/// try SafetensorsWriter([.floats("weight", w), .integers("timesteps", [3, 500], dims: [2])]).write(to: path)
/// ```
public struct SafetensorsWriter {
  public struct Entry: Sendable {
    public let name: String
    fileprivate let type: StoredType
    fileprivate let dims: [Int]
    fileprivate let content: Content

    /// Stored as F32.
    public static func floats(_ name: String, _ tensor: Tensor) -> Entry {
      Entry(name: name, type: .f32, dims: tensor.shape.dims, content: .floats(tensor))
    }

    /// Stored as F16: rounded to nearest, ties to even; beyond its range infinite.
    public static func float16s(_ name: String, _ tensor: Tensor) -> Entry {
      Entry(name: name, type: .f16, dims: tensor.shape.dims, content: .float16s(tensor))
    }

    /// Stored as BF16: rounded to nearest, ties to even.
    public static func brainFloats(_ name: String, _ tensor: Tensor) -> Entry {
      Entry(name: name, type: .bf16, dims: tensor.shape.dims, content: .brainFloats(tensor))
    }

    /// As it stands in another file.
    public static func stored(_ name: String, _ tensor: StoredTensor) -> Entry {
      Entry(name: name, type: tensor.type, dims: tensor.dims, content: .stored(tensor))
    }

    /// Stored as I64.
    public static func integers(_ name: String, _ values: [Int64], dims: [Int]) -> Entry {
      precondition(dims.reduce(1, *) == values.count, "\(name): \(values.count) numbers for the shape \(dims)")
      return Entry(name: name, type: .i64, dims: dims, content: .integers(values))
    }

    fileprivate var size: Int { dims.reduce(1, *) * type.bits / 8 }
  }

  fileprivate enum Content: Sendable {
    case floats(Tensor)
    case float16s(Tensor)
    case brainFloats(Tensor)
    case stored(StoredTensor)
    case integers([Int64])
  }

  private let entries: [Entry]
  private let metadata: [String: String]

  /// `metadata` must keep format=pt for transformers to open the file.
  public init(_ entries: [Entry], metadata: [String: String] = ["format": "pt"]) {
    precondition(Set(entries.map(\.name)).count == entries.count, "two tensors of one name")
    let order = StoredType.allCases
    func rank(_ entry: Entry) -> Int { order.firstIndex(of: entry.type) ?? 0 }
    self.entries = entries.sorted {
      rank($0) == rank($1) ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) : rank($0) > rank($1)
    }
    self.metadata = metadata
  }

  /// The file is there whole or not at all (`DurableFile`).
  public func write(to path: String, isSynced: Bool = true) throws {
    try DurableFile.write(to: path, isSynced: isSynced) { file in
      // Most tensors are small: a checkpoint takes a few calls, not one for each of its hundreds of tensors.
      var gathered = header
      for entry in entries {
        entry.append(to: &gathered)
        if gathered.count >= 4 << 20 {
          try file.write(contentsOf: gathered)
          gathered.removeAll(keepingCapacity: true)
        }
      }
      try file.write(contentsOf: gathered)
    }
  }

  /// The whole file in memory, to be compressed.
  public var contents: Data { entries.reduce(into: header) { $1.append(to: &$0) } }

  private var header: Data {
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
      members.append(JSON.Member("__metadata__", .object(sorted)))
    }
    var end = 0
    for entry in entries {
      let start = end
      end += entry.size
      members.append(
        JSON.Member(
          entry.name,
          [
            "dtype": .string(entry.type.rawValue), "shape": .array(entry.dims.map(JSON.integer)),
            "data_offsets": [.integer(start), .integer(end)],
          ]))
    }
    var text = Array(JSON.object(members).compact.utf8)
    // The data begins at a multiple of 8, so that a reader may use it in place.
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text
  }
}

extension SafetensorsWriter.Entry {
  fileprivate func append(to data: inout Data) {
    switch content {
    case .floats(let tensor): tensor.withUnsafeValues { data.append(contentsOf: UnsafeRawBufferPointer($0)) }
    case .integers(let values): values.withUnsafeBytes { data.append(contentsOf: $0) }
    case .float16s(let tensor):
      let bits = tensor.withUnsafeValues { $0.map { Float16($0).bitPattern.littleEndian } }
      bits.withUnsafeBytes { data.append(contentsOf: $0) }
    case .brainFloats(let tensor):
      let upper = tensor.withUnsafeValues { $0.map { Self.brainFloat($0).littleEndian } }
      upper.withUnsafeBytes { data.append(contentsOf: $0) }
    case .stored(let tensor): tensor.withUnsafeBytes { data.append(contentsOf: $0) }
    }
  }

  /// The upper half of a float's bits, which half of the lower ones rounds; not a number stays one.
  private static func brainFloat(_ value: Float) -> UInt16 {
    guard !value.isNaN else { return 0x7FC0 }
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
