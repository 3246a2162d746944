extension PickledTensor {
  /// Where the tensor lies, given the bytes of its storage in the file; a refusal when it does not fit in there.
  func place(in bytes: Range<Int>) throws(PickleRefusal) -> MappedTensors.Entry {
    let size = storage.type.bits / 8
    let (needed, overflows) = storage.count.multipliedReportingOverflow(by: size)
    guard !overflows, needed == bytes.count else {
      throw PickleRefusal(
        "its storage \(storage.key.shown) should be \(storage.count) numbers of \(size) bytes, it is \(bytes.count) bytes"
      )
    }
    guard dims.count == strides.count, dims.count <= 64, (dims + strides).allSatisfy({ $0 >= 0 }), offset >= 0,
      let count = Sizes.product(dims), Sizes.product(dims + [size]) != nil
    else {
      throw PickleRefusal("a tensor has the impossible shape \("\(dims)".shown) with strides \("\(strides)".shown)")
    }

    let description = TensorDescription(type: storage.type, dims: dims)
    guard count > 0 else {
      return MappedTensors.Entry(description: description, bytes: bytes.lowerBound..<bytes.lowerBound, strides: nil)
    }
    guard let last = lastEntry, last < storage.count else {
      throw PickleRefusal("a tensor of shape \(dims) reaches beyond its storage of \(storage.count) numbers")
    }
    let isDense = isDense
    // A view may repeat its numbers endlessly; as a weight it takes memory for each.
    guard isDense || count <= max(storage.count, 1 << 24) else {
      throw PickleRefusal("a tensor of shape \(dims) repeats a storage of \(storage.count) numbers too often")
    }
    let first = bytes.lowerBound + offset * size
    return MappedTensors.Entry(
      description: description, bytes: first..<bytes.lowerBound + (last + 1) * size, strides: isDense ? nil : strides)
  }

  /// The highest entry of the storage that the tensor uses; nil when it is beyond all bounds.
  private var lastEntry: Int? {
    var last = offset
    for (size, stride) in zip(dims, strides) {
      let (step, isTooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, isTooLarge) = last.addingReportingOverflow(step)
      if isTooFar || isTooLarge { return nil }
      last = sum
    }
    return last
  }

  /// Whether the numbers lie one after the other, the last axis fastest; the stride of a single entry says nothing.
  private var isDense: Bool {
    var step = 1
    for (size, stride) in zip(dims, strides).reversed() where size != 1 {
      if stride != step { return false }
      step *= size
    }
    return true
  }
}
