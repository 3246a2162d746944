import Foundation

/// A state dict as `torch.save` writes it: a zip archive with a pickle that `torch.load(…, weights_only=True)` accepts.
///
/// ```swift
/// try PyTorchWriter([("visual.proj", tensor)]).write(to: "CLIP.pth")
/// ```
public struct PyTorchWriter {
  private let tensors: [(key: String, tensor: Tensor)]

  /// Stored as F32, in this order. The keys must differ.
  public init(_ tensors: [(key: String, tensor: Tensor)]) {
    precondition(Set(tensors.map(\.key)).count == tensors.count, "two tensors of one name")
    self.tensors = tensors
  }

  /// The file is there whole or not at all (`DurableFile`).
  public func write(to path: String) throws { try write(to: path, limit: UInt64(UInt32.max)) }

  /// - Parameter limit: numbers from here on go into ZIP64 records.
  func write(to path: String, limit: UInt64) throws {
    try DurableFile.write(to: path) { file in
      var zip = ZipWriter(file, limit: limit)
      try zip.add("archive/data.pkl", StateDictPickle(tensors.map { ($0.key, $0.tensor.shape) }).bytes)
      try zip.add("archive/byteorder", Array("little".utf8))
      for (number, entry) in tensors.enumerated() {
        try entry.tensor.withUnsafeValues { try zip.add("archive/data/\(number)", UnsafeRawBufferPointer($0)) }
      }
      try zip.add("archive/version", Array("3\n".utf8))
      try zip.finish()
    }
  }
}

/// The pickle (protocol 2) of an `OrderedDict` of dense F32 tensors; storage number i belongs to tensor i.
private struct StateDictPickle {
  private(set) var bytes: [UInt8] = [PickleCode.proto, 2]

  init(_ tensors: [(key: String, shape: Shape)]) {
    orderedDict()
    bytes.append(PickleCode.mark)
    for (number, entry) in tensors.enumerated() {
      text(entry.key)
      tensor(entry.shape, storage: number)
    }
    bytes += [PickleCode.setItems, PickleCode.stop]
  }

  /// `torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks)`
  private mutating func tensor(_ shape: Shape, storage number: Int) {
    global("torch._utils", "_rebuild_tensor_v2")
    bytes.append(PickleCode.mark)
    storage(number, count: shape.dims.reduce(1, *))
    integer(0)
    tuple(shape.dims)
    tuple(shape.dims.indices.map { shape.dims[($0 + 1)...].reduce(1, *) })
    bytes.append(PickleCode.newFalse)
    orderedDict()
    bytes += [PickleCode.tuple, PickleCode.reduce]
  }

  /// The persistent id ('storage', class, key, location, count).
  private mutating func storage(_ number: Int, count: Int) {
    bytes.append(PickleCode.mark)
    text("storage")
    global("torch", "FloatStorage")
    text(String(number))
    text("cpu")
    integer(count)
    bytes += [PickleCode.tuple, PickleCode.binPersistentID]
  }

  private mutating func orderedDict() {
    global("collections", "OrderedDict")
    bytes += [PickleCode.emptyTuple, PickleCode.reduce]
  }

  private mutating func global(_ module: String, _ name: String) {
    bytes.append(PickleCode.global)
    bytes += Array("\(module)\n\(name)\n".utf8)
  }

  private mutating func text(_ text: String) {
    bytes.append(PickleCode.binUnicode)
    append(UInt32(text.utf8.count))
    bytes += Array(text.utf8)
  }

  private mutating func tuple(_ numbers: [Int]) {
    bytes.append(PickleCode.mark)
    numbers.forEach { integer($0) }
    bytes.append(PickleCode.tuple)
  }

  /// 32 bits where they do; otherwise eight bytes of two's complement.
  private mutating func integer(_ number: Int) {
    if let small = Int32(exactly: number) {
      bytes.append(PickleCode.binInt)
      append(small)
    } else {
      bytes += [PickleCode.long1, 8]
      append(Int64(number))
    }
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }
}
