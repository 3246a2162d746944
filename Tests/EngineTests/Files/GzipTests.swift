import Foundation
import Testing

@testable import Engine

@Suite("gzip")
struct GzipTests {
  @Test("what was compressed comes back, and is the same every time", arguments: [0, 1, 1 << 20, 3_000_001])
  func roundTrip(count: Int) throws {
    var random = SystemRandomNumberGenerator()
    let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    let zeros = [UInt8](repeating: 0, count: count)
    for bytes in [noise, zeros, noise + zeros] {
      let packed = try Gzip.compressed(bytes)
      #expect(try Gzip.inflated(packed, limit: bytes.count) == bytes)
      #expect(try Gzip.compressed(bytes) == packed)
    }
    #expect(try Gzip.compressed(zeros).count < count / 500 + 40)
  }
}
