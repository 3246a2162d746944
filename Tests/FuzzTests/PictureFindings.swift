import Foundation
import Testing

@testable import Engine
@testable import Recap

/// Small pictures that took minutes or gigabytes, or would have.
struct PictureFindings {
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  private func chunk(_ kind: String, _ contents: [UInt8]) -> [UInt8] {
    let body = Array(kind.utf8) + contents
    var crc = CRC32()
    body.withUnsafeBytes { crc.update($0) }
    return big(UInt32(contents.count)) + body + big(crc.value)
  }

  private func big(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }

  /// A zlib stream of one stored block.
  private func stored(_ contents: [UInt8]) -> [UInt8] {
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in contents {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    let count = UInt16(contents.count)
    return [0x78, 1, 1] + withUnsafeBytes(of: count.littleEndian, Array.init)
      + withUnsafeBytes(of: (~count).littleEndian, Array.init) + contents + big(b << 16 | a)
  }

  private func png(width: UInt32, height: UInt32, extra: [UInt8] = []) -> Data {
    let header = big(width) + big(height) + [8, 2, 0, 0, 0]
    return Data(
      Self.signature + chunk("IHDR", header) + extra + chunk("IDAT", stored([0, 1, 2, 3])) + chunk("IEND", []))
  }

  @Test("a PNG of 60 000 × 60 000 pixels is refused by its header")
  func hugeHeader() throws {
    let problem = #expect(throws: Problem.self) {
      try Image(decoding: png(width: 60_000, height: 60_000), named: "bomb")
    }
    #expect(problem?.message.contains("60000 × 60000 pixels") == true)
  }

  @Test("texts in a PNG are not kept: hundreds of them could inflate to gigabytes")
  func texts() throws {
    // When they are kept, 300 of 7.7 MB each.
    let text = chunk("zTXt", Array("k".utf8) + [0, 0] + PictureFindings.zeros)
    var texts: [UInt8] = []
    for _ in 0..<300 { texts += text }
    let before = FuzzTests.peakMemory

    #expect(try Image(decoding: png(width: 1, height: 1, extra: texts), named: "bomb").pixels == [1, 2, 3])
    #expect(FuzzTests.peakMemory - before < 1 << 30)
  }

  /// 7.7 million zeros as zlib packs them.
  private static let zeros: [UInt8] = {
    // Runs of 258 zeros (length code 285, distance code 0), in fixed codes: 13 bits each.
    var bits: [Bool] = [true, true, false]
    func add(_ code: Int, _ width: Int) { for i in (0..<width).reversed() { bits.append(code >> i & 1 == 1) } }
    add(0x30, 8)
    let runs = 30_000
    for _ in 0..<runs {
      add(0b1100_0101, 8)
      add(0, 5)
    }
    add(0, 7)
    let count = 1 + 258 * runs
    let bytes = stride(from: 0, to: bits.count, by: 8).map { start in
      (0..<8).reduce(UInt8(0)) { start + $1 < bits.count && bits[start + $1] ? $0 | 1 << UInt8($1) : $0 }
    }
    // Adler-32 of zeros: the second sum counts them.
    let checksum = UInt32(count % 65_521) << 16 | 1
    return [0x78, 0xDA] + bytes + withUnsafeBytes(of: checksum.bigEndian, Array.init)
  }()

  @Test("a JPEG of hundreds of scans over a large picture is refused before it takes minutes")
  func scans() throws {
    let frame: [UInt8] = [0xFF, 0xC2, 0, 11, 8, 0x32, 0xC8, 0x32, 0xC8, 1, 1, 0x11, 0]
    let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0]
    let bomb = Data([0xFF, 0xD8] + frame + Array(repeatElement(scan, count: 400).joined()) + [0xFF, 0xD9])

    let problem = #expect(throws: Problem.self) { try Image(decoding: bomb, named: "bomb") }
    #expect(problem?.message.contains("400 scans") == true)
  }

  @Test("a gzip bomb is refused at the limit")
  func gzip() throws {
    let bomb = [UInt8](StoredGzip.file(Array(repeating: 0, count: 100_000)))
    #expect(throws: Problem.self) { try Gzip.inflated(bomb, limit: 65_535) }
    #expect(try Gzip.inflated(bomb, limit: 100_000).count == 100_000)
  }
}
