import Engine

/// A 128-bit name for contents: two sums of 64 bits over eight bytes at a time. Finds changes, not attacks.
struct ContentDigest {
  private var sums: (UInt64, UInt64) = (0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F)

  mutating func add(_ word: UInt64) {
    sums.0 = (sums.0 ^ word) &* 0xFF51_AFD7_ED55_8CCD
    sums.0 ^= sums.0 >> 32
    sums.1 = (sums.1 &+ word) &* 0xC4CE_B9FE_1A85_EC53
    sums.1 ^= sums.1 >> 29
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    let words = bytes.count / 8
    for word in 0..<words { add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self))) }
    add(bytes[(8 * words)...].reduce(0) { $0 << 8 | UInt64($1) })
  }

  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  /// The two sums, to compare.
  var value: SIMD2<UInt64> { [sums.0, sums.1] }

  /// 32 hexadecimal digits.
  var text: String { sums.0.hexadecimal + sums.1.hexadecimal }
}
