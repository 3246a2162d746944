/// Tables of lines and fields with a few fields or lines that nobody expects.
enum LineLies {
  static func lie(_ victim: Victim, _ random: inout SplitMix, separator: UInt8) -> [UInt8] {
    var lines = victim.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let index = Int.random(in: lines.indices, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: lines.remove(at: index)
      case 1: lines.insert(lines[index], at: index)
      case 2: lines.swapAt(index, Int.random(in: lines.indices, using: &random))
      case 3: lines[index] += [UInt8(ascii: "\r")]
      default: lines[index] = fields(lines[index], separator, &random)
      }
      if lines.isEmpty { break }
    }
    return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }

  private static func fields(_ line: [UInt8], _ separator: UInt8, _ random: inout SplitMix) -> [UInt8] {
    var fields = line.split(separator: separator, omittingEmptySubsequences: false).map(Array.init)
    let index = Int.random(in: fields.indices, using: &random)
    let texts = Lies.texts + Lies.integers.map(String.init) + ["\"", "\"\"", "\"a,b\"", "\"open", ",,", "\u{FEFF}"]
    switch Int.random(in: 0..<5, using: &random) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: index)
    default: fields[index] = Array((texts.randomElement(using: &random) ?? "").utf8)
    }
    return Array(fields.joined(separator: [separator]))
  }
}
