@testable import Engine
@testable import Recap

/// Pictures whose parts are in order and say what is not so: sizes, kinds, lengths; checksums fit.
enum PictureLies {
  static func lie(_ victim: Victim, _ random: inout SplitMix) -> [UInt8] {
    let bytes = victim.bytes
    if bytes.starts(with: [0x89, 0x50]) { return png(bytes, &random) }
    if bytes.starts(with: [0xFF, 0xD8]) { return jpeg(bytes, &random) }
    return webP(bytes, &random)
  }

  // MARK: PNG

  private struct Chunk {
    var kind: [UInt8]
    var contents: [UInt8]
  }

  private static func png(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var chunks: [Chunk] = []
    var position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = position + 8
      chunks.append(
        Chunk(kind: Array(bytes[position + 4..<start]), contents: Array(bytes[start..<start + length])))
      position = start + length + 4
    }
    for _ in 0..<Int.random(in: 1...2, using: &random) where chunks.count > 1 { spoil(&chunks, &random) }
    return Array(bytes[..<8]) + chunks.flatMap(written)
  }

  private static func spoil(_ chunks: inout [Chunk], _ random: inout SplitMix) {
    let index = Int.random(in: chunks.indices, using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: chunks.remove(at: index)
    case 1: chunks.insert(chunks[index], at: index)
    case 2: chunks.swapAt(index, Int.random(in: chunks.indices, using: &random))
    case 3:
      let kinds = ["PLTE", "tRNS", "gAMA", "iCCP", "sBIT", "zTXt", "iTXt", "sPLT", "acTL", "eXIf", "abcD", "ABCD"]
      chunks[index].kind = Array((kinds.randomElement(using: &random) ?? "tEXt").utf8)
    case 4...5 where chunks[0].contents.count == 13:
      // Width, height, depth, colours, compression, filter, interlacing.
      let field = [(0, 4), (4, 4), (8, 1), (9, 1), (10, 1), (11, 1), (12, 1)].randomElement(using: &random) ?? (0, 4)
      let lies = [0, 1, 2, 3, 4, 6, 8, 16, 255, 20_000, 60_000, 13_377, 0x7FFF_FFFF, 0xFFFF_FFFF]
      let lie = lies.randomElement(using: &random) ?? 0
      for i in 0..<field.1 {
        chunks[0].contents[field.0 + i] = UInt8(truncatingIfNeeded: lie >> (8 * (field.1 - 1 - i)))
      }
    default:
      var mutator = Mutator(seed: random.next())
      if !chunks[index].contents.isEmpty {
        chunks[index].contents = mutator.mutant(of: chunks[index].contents, focus: [])
      }
    }
  }

  private static func written(_ chunk: Chunk) -> [UInt8] {
    let body = chunk.kind + chunk.contents
    var crc = CRC32()
    body.withUnsafeBytes { crc.update($0) }
    return big(chunk.contents.count, 4) + body + big(Int(crc.value), 4)
  }

  // MARK: JPEG

  private static func jpeg(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    // Segments up to the first scan; what follows stays in one piece.
    var segments: [[UInt8]] = []
    var position = 2
    while position + 4 <= bytes.count, bytes[position] == 0xFF, bytes[position + 1] != 0xDA {
      let end = min(bytes.count, position + 2 + Int(bytes[position + 2]) << 8 + Int(bytes[position + 3]))
      segments.append(Array(bytes[position..<end]))
      position = end
    }
    var scans = Array(bytes[position...])
    for _ in 0..<Int.random(in: 1...2, using: &random) where segments.count > 1 {
      let index = Int.random(in: segments.indices, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: segments.remove(at: index)
      case 1: segments.insert(segments[index], at: index)
      case 2: segments.swapAt(index, Int.random(in: segments.indices, using: &random))
      case 3: segments[index].replaceSubrange(2..<4, with: big(.random(in: 0...65_535, using: &random), 2))
      case 4: scans += scans
      case 5: scans = Array(scans.dropLast(.random(in: 0..<scans.count, using: &random)))
      default: spoilFrame(&segments, &random)
      }
    }
    return [0xFF, 0xD8] + segments.joined() + scans
  }

  /// Depth, height, width, number and sampling of the components; or any byte of another segment.
  private static func spoilFrame(_ segments: inout [[UInt8]], _ random: inout SplitMix) {
    let frame = segments.firstIndex { $0.count > 10 && (0xC0...0xC2).contains($0[1]) }
    let index = frame ?? 0
    let place = Int.random(in: min(4, segments[index].count - 1)..<segments[index].count, using: &random)
    segments[index][place] =
      [0, 1, 2, 3, 4, 0x11, 0x22, 0x41, 0x44, 0xFF, .random(in: .min ... .max, using: &random)]
      .randomElement(using: &random) ?? 0
  }

  // MARK: WebP

  private static func webP(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var lie = bytes
    for _ in 0..<Int.random(in: 1...2, using: &random) where lie.count > 40 {
      switch Int.random(in: 0..<5, using: &random) {
      // The size of the whole, and of the first part.
      case 0: replace(&lie, 4, little(Lies.integers.randomElement(using: &random) ?? 0, 4))
      case 1: replace(&lie, 16, little(Lies.integers.randomElement(using: &random) ?? 0, 4))
      case 2:
        let kinds = ["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP", "XXXX"]
        replace(&lie, 12, Array((kinds.randomElement(using: &random) ?? "VP8 ").utf8))
      // The header of the picture itself: key frame, width, height; signature and sizes of the lossless kind.
      case 3: lie[Int.random(in: 20..<40, using: &random)] = .random(in: .min ... .max, using: &random)
      default: lie.insert(contentsOf: Array("XXXX".utf8) + little(4, 4) + [1, 2, 3, 4], at: 12)
      }
    }
    return lie
  }

  private static func replace(_ bytes: inout [UInt8], _ place: Int, _ new: [UInt8]) {
    bytes.replaceSubrange(place..<place + new.count, with: new)
  }

  private static func big(_ number: Int, _ width: Int) -> [UInt8] { little(number, width).reversed() }

  private static func little(_ number: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
