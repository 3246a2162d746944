/// SentencePiece's compiled normalisation: which sequences of bytes are written in another way (NFKC, spaces …).
///
/// A double-array trie from sequences to places in a table of replacements that end with a zero byte.
/// Source: SentencePiece `normalizer.cc`, `precompiled_charsmap`; the trie is that of darts-clone.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// In bytes; Unicode's longest compatibility form has 33. Without an end, every character of a text would become the
  /// whole table.
  private static let longestReplacement = 256

  /// - Parameter bytes: The trie's size in bytes (32 bits, little-endian), the trie, the replacements.
  init(_ bytes: ArraySlice<UInt8>) throws {
    func word(_ position: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[bytes.startIndex + position + $1]) << UInt32(8 * $1) }
    }
    let size = bytes.count >= 4 ? Int(word(0)) : -1
    guard size >= 4, size % 4 == 0, size <= bytes.count - 4 else {
      throw Problem("its normalisation table is damaged", advice: "Get the file again.")
    }
    units = stride(from: 4, to: 4 + size, by: 4).map(word)
    replacements = Array(bytes.dropFirst(4 + size))
  }

  /// What stands for the longest known sequence at the front of a text, and that sequence's length.
  func longestMatch(_ text: ArraySlice<UInt8>) -> (replacement: ArraySlice<UInt8>, length: Int)? {
    match(text, stopsAtFirst: false)
  }

  /// What stands for the shortest known sequence at the front of a text.
  func firstMatch(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? { match(text, stopsAtFirst: true)?.replacement }

  private func match(_ text: ArraySlice<UInt8>, stopsAtFirst: Bool)
    -> (replacement: ArraySlice<UInt8>, length: Int)?
  {
    var found: (place: Int, length: Int)?
    var node = offset(units[0])
    for (index, byte) in text.enumerated() {
      node ^= Int(byte)
      // A table from a stranger may point anywhere.
      guard node < units.count, units[node] & 0x8000_00FF == UInt32(byte) else { break }
      let unit = units[node]
      node ^= offset(unit)
      guard unit >> 8 & 1 == 1, node < units.count else { continue }
      found = (Int(units[node] & 0x7FFF_FFFF), index + 1)
      if stopsAtFirst { break }
    }
    guard let found, found.place < replacements.count else { return nil }
    let replacement = replacements[found.place...].prefix(Self.longestReplacement).prefix { $0 != 0 }
    return (replacement, found.length)
  }

  /// Where a unit's children lie, to be combined with their byte by exclusive or.
  private func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
