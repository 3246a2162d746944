/// Protobuf messages whose fields are sound one by one: left out, doubled, swapped, with other numbers and lengths.
enum ProtobufLies {
  static func lie(_ victim: Victim, _ random: inout SplitMix) -> [UInt8] {
    var fields = split(victim.bytes)
    for _ in 0..<Int.random(in: 1...3, using: &random) where !fields.isEmpty {
      // The last fields are the ones that say how the model works.
      let isLate = Bool.random(using: &random)
      let index = Int.random(in: isLate ? max(0, fields.count - 4)..<fields.count : fields.indices, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: fields.remove(at: index)
      case 1: fields.insert(fields[index], at: index)
      case 2: fields.swapAt(index, Int.random(in: fields.indices, using: &random))
      default: fields[index].contents = spoilt(fields[index].contents, &random)
      }
    }
    return fields.flatMap { [$0.key] + varint(UInt64($0.contents.count)) + $0.contents }
  }

  private struct Field {
    let key: UInt8
    var contents: [UInt8]
  }

  /// The messages in the outermost one; a SentencePiece model has nothing else there.
  private static func split(_ bytes: [UInt8]) -> [Field] {
    var fields: [Field] = []
    var position = 0
    while position < bytes.count, bytes[position] & 7 == 2 {
      let key = bytes[position]
      var (length, shift) = (0, 0)
      repeat {
        position += 1
        length |= Int(bytes[position] & 0x7F) << shift
        shift += 7
      } while bytes[position] >= 0x80
      fields.append(Field(key: key, contents: Array(bytes[position + 1..<position + 1 + length])))
      position += 1 + length
    }
    return fields
  }

  private static func spoilt(_ contents: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var mutator = Mutator(seed: random.next())
    // The sizes of the trie of characters and its first units stand at the front.
    return mutator.mutant(of: contents.isEmpty ? [0] : contents, focus: [0..<min(contents.count, 64)])
  }

  private static func varint(_ number: UInt64) -> [UInt8] {
    number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + varint(number >> 7)
  }
}
