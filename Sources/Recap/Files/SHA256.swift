import Engine
import Foundation

/// FIPS 180-4's SHA-256: what `sha256sum` prints, so that people can name a file by it.
enum SHA256 {
  private static let constants: [UInt32] = primes(64).map { fraction(cbrt(Double($0))) }

  /// 64 hexadecimal digits.
  static func text(of data: Data) -> String {
    var bytes = [UInt8](data)
    let length = UInt64(bytes.count) * 8
    bytes.append(0x80)
    bytes.append(contentsOf: repeatElement(0, count: (120 - bytes.count % 64) % 64))
    bytes.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * UInt64($0))) })
    var state = primes(8).map { fraction(Double($0).squareRoot()) }
    bytes.withUnsafeBufferPointer { bytes in
      for block in stride(from: 0, to: bytes.count, by: 64) { take(bytes[block..<block + 64], into: &state) }
    }
    return state.map(\.hexadecimal).joined()
  }

  private static func take(_ block: Slice<UnsafeBufferPointer<UInt8>>, into state: inout [UInt32]) {
    var words = [UInt32](repeating: 0, count: 64)
    for i in 0..<16 {
      words[i] = (0..<4).reduce(0) { $0 << 8 | UInt32(block[block.startIndex + 4 * i + $1]) }
    }
    for i in 16..<64 {
      let (a, b) = (words[i - 15], words[i - 2])
      let first = turned(a, 7) ^ turned(a, 18) ^ a >> 3
      let second = turned(b, 17) ^ turned(b, 19) ^ b >> 10
      words[i] = words[i - 16] &+ first &+ words[i - 7] &+ second
    }
    var s = SIMD8<UInt32>(state)
    for i in 0..<64 {
      let sum1 = turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)
      let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
      let one = s[7] &+ sum1 &+ choice &+ constants[i] &+ words[i]
      let sum0 = turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)
      let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
      s = SIMD8(one &+ sum0 &+ majority, s[0], s[1], s[2], s[3] &+ one, s[4], s[5], s[6])
    }
    for i in 0..<8 { state[i] &+= s[i] }
  }

  private static func turned(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }

  private static func primes(_ count: Int) -> [Int] {
    Array((2...).lazy.filter { n in !(2..<n).contains { n % $0 == 0 } }.prefix(count))
  }

  /// The first 32 bits behind the point.
  private static func fraction(_ value: Double) -> UInt32 { UInt32((value - value.rounded(.down)) * 4_294_967_296) }
}
