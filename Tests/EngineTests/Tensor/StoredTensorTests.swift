import Testing

@testable import Engine

/// Conversion of every stored number that there is, against Swift's own.
struct StoredTensorTests {
  private func converted(_ type: StoredType, _ bits: [UInt16]) -> [UInt32] {
    var floats = [Float](repeating: 0, count: bits.count)
    // One byte off, as in a file whose header is odd.
    var bytes: [UInt8] = [0]
    for half in bits { bytes += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)] }
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      floats.withUnsafeMutableBufferPointer { out in
        guard let target = out.baseAddress else { return }
        type.convert(start + 1, count: Int64(out.count), to: target)
      }
    }
    return floats.map(\.bitPattern)
  }

  @Test("every half is the Float32 of the same value, infinities and NaN included")
  func halves() {
    let bits = (UInt16.min...UInt16.max).map { $0 }

    let floats = converted(.f16, bits)

    let wrong = zip(bits, floats).filter { half, float in
      let expected = Float(Float16(bitPattern: half))
      return expected.isNaN ? !Float(bitPattern: float).isNaN : float != expected.bitPattern
    }
    #expect(floats.count == 65_536 && wrong.isEmpty, "first wrong: \(String(describing: wrong.first))")
  }

  @Test("every bfloat16 is the Float32 with its bits on top")
  func brainFloats() {
    let bits = (UInt16.min...UInt16.max).map { $0 }

    let floats = converted(.bf16, bits)

    let wrong = zip(bits, floats).first { half, float in float != UInt32(half) << 16 }
    #expect(floats.count == 65_536 && wrong == nil)
  }
}
