import Kernels

/// Named tensors inside one mapped file: what every reader of a weights file ends in.
///
/// Readers check the entries against the file when they make this; from then on reading cannot leave the file.
struct MappedTensors {
  struct Entry {
    let description: TensorDescription
    /// From the first byte of the first entry to the last byte of the last one.
    let bytes: Range<Int>
    /// How many entries one step along each axis passes over; nil when the tensor is dense and row-major.
    let strides: [Int]?
  }

  /// The file as people know it: its path as it was given.
  let name: String
  let file: MappedFile
  /// In the order of the file.
  let names: [String]
  let entries: [String: Entry]

  init(name: String, file: MappedFile, names: [String], entries: [String: Entry]) {
    precondition(entries.values.allSatisfy { $0.bytes.upperBound <= file.bytes.count }, "tensors beyond the file")
    (self.name, self.file, self.names, self.entries) = (name, file, names, entries)
  }

  func description(of tensor: String) -> TensorDescription? { entries[tensor]?.description }

  /// The tensor without conversion; nil when there is none of this name.
  func stored(named tensor: String) throws -> StoredTensor? {
    guard let entry = entries[tensor] else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.bytes])
    guard let strides = entry.strides else {
      return StoredTensor(entry.description, bytes: bytes, owner: file, isMapped: true)
    }
    guard entry.description.type.bits % 8 == 0 else {
      throw Problem("cannot read \(tensor.shown) of \(name): a view of \(entry.description.type.rawValue) is beyond us")
    }
    let copy = OwnedBytes(count: entry.description.byteCount)
    if let from = bytes.baseAddress, let to = copy.bytes.baseAddress, entry.description.count > 0 {
      withExtendedLifetime(file) {
        kernels_gather_strided(
          Int32(strides.count), entry.description.dims.map(Int64.init), strides.map(Int64.init),
          Int64(entry.description.type.bits / 8), from, to)
      }
    }
    return StoredTensor(entry.description, bytes: UnsafeRawBufferPointer(copy.bytes), owner: copy, isMapped: false)
  }

  /// The tensor as Float32; nil when there is none of this name. Throws for whole-number and exotic types.
  func tensor(named tensor: String) throws -> Tensor? {
    guard let found = entries[tensor]?.description else { return nil }
    guard found.type.isReadableFloat else {
      throw Problem(
        "cannot read \(tensor.shown) of \(name): it is stored as \(found.type.rawValue)",
        advice: "weights may be F32, F16, BF16, F64 or floats of 8 bits")
    }
    guard found.dims.count <= 6, found.dims.allSatisfy({ $0 <= Int32.max }) else {
      throw Problem("cannot read \(tensor.shown) of \(name): the shape \("\(found.dims)".shown) is beyond this program")
    }
    return try stored(named: tensor)?.floats()
  }

  /// The whole numbers of a tensor (timesteps, token ids) in row-major order; nil when there is none of this name.
  func integers(named tensor: String) throws -> [Int64]? {
    guard let found = entries[tensor]?.description else { return nil }
    guard found.type.isReadableInteger else {
      throw Problem(
        "cannot read \(tensor.shown) of \(name) as whole numbers: it is stored as \(found.type.rawValue)",
        advice: "whole numbers may be I64, I32, I16, I8, U16, U8 or BOOL")
    }
    return try stored(named: tensor)?.integers()
  }
}

/// Arithmetic on sizes that strangers wrote.
enum Sizes {
  /// The product; nil when it does not fit 63 bits.
  static func product(_ factors: [Int]) -> Int? {
    var product = 1
    for factor in factors {
      let (value, overflows) = product.multipliedReportingOverflow(by: factor)
      if overflows { return nil }
      product = value
    }
    return product
  }
}
