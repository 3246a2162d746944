/// Spoils a file a little, in the ways that readers of lengths and offsets like least. The same seed spoils alike.
struct Mutator {
  private var random: SplitMix

  init(seed: UInt64) { random = SplitMix(state: seed) }

  /// A copy with a few changes, half the time a single one that leaves the rest of the file in order; most of them
  /// inside `focus`: headers rather than numbers.
  mutating func mutant(of file: [UInt8], focus: [Range<Int>]) -> [UInt8] {
    var bytes = file
    let changes = Bool.random(using: &random) ? 1 : Int.random(in: 2...4, using: &random)
    for _ in 0..<changes where !bytes.isEmpty { change(&bytes, focus: focus) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], focus: [Range<Int>]) {
    let place = place(in: bytes, focus: focus)
    switch Int.random(in: 0..<14, using: &random) {
    case 0...2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 3...4: bytes[place] = .random(in: .min ... .max, using: &random)
    case 5...7: lie(&bytes, at: place)
    case 8: bytes.removeLast(bytes.count - place)
    case 9: bytes.removeSubrange(place..<end(of: place, in: bytes))
    case 10: bytes.insert(contentsOf: bytes[place..<end(of: place, in: bytes)], at: place)
    case 11:
      // A piece of the file over another one.
      let piece = bytes[place..<end(of: place, in: bytes)]
      let target = self.place(in: bytes, focus: focus)
      bytes.replaceSubrange(target..<min(bytes.count, target + piece.count), with: piece)
    case 12: lieInDigits(&bytes, after: place)
    default:
      let count = Int.random(in: 1...8, using: &random)
      bytes.insert(contentsOf: (0..<count).map { _ in .random(in: .min ... .max, using: &random) }, at: place)
    }
  }

  private mutating func place(in bytes: [UInt8], focus: [Range<Int>]) -> Int {
    let isFocused = Int.random(in: 0..<5, using: &random) > 0
    if isFocused, let range = focus.randomElement(using: &random)?.clamped(to: 0..<bytes.count), !range.isEmpty {
      return .random(in: range, using: &random)
    }
    return .random(in: 0..<bytes.count, using: &random)
  }

  private mutating func end(of start: Int, in bytes: [UInt8]) -> Int {
    min(bytes.count, start + Int.random(in: 1...32, using: &random))
  }

  /// A little-endian number of 1, 2, 4 or 8 bytes that is likely to overflow something.
  private mutating func lie(_ bytes: inout [UInt8], at place: Int) {
    let width = [1, 2, 4, 8].randomElement(using: &random) ?? 1
    let most = UInt64.max >> (64 - 8 * width)
    let numbers = [
      0, 1, most, most - 1, most >> 1, (most >> 1) + 1, UInt64(bytes.count) & most, UInt64(bytes.count + 1) & most, 64,
      1 << 16 & most, UInt64(place) & most,
    ]
    let number = numbers.randomElement(using: &random) ?? 0
    for i in 0..<width where place + i < bytes.count { bytes[place + i] = UInt8(truncatingIfNeeded: number >> (8 * i)) }
  }

  /// The same for formats that write their numbers out.
  private mutating func lieInDigits(_ bytes: inout [UInt8], after place: Int) {
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    let numbers = [
      "0", "-1", "1e9", "0.5", "4294967296", "9223372036854775807", "99999999999999999999", "1e400", "\"7\"",
    ]
    bytes.replaceSubrange(start..<end, with: Array((numbers.randomElement(using: &random) ?? "0").utf8))
  }
}
