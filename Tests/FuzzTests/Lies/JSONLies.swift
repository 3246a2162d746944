@testable import Engine

/// Valid JSON with a few values, names or members that nobody expects.
enum JSONLies {
  static func lie(_ victim: Victim, _ random: inout SplitMix) -> [UInt8] { lie(victim.bytes, &random) }

  /// In a file of one object a line: a few of the lines.
  static func lieInLines(_ victim: Victim, _ random: inout SplitMix) -> [UInt8] {
    var lines = victim.bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let index = Int.random(in: 0..<lines.count, using: &random)
      lines[index] = lie(lines[index], &random)
    }
    return Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
  }

  private static func lie(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    // What is valid by its own format alone, such as NaN in a log, is spoilt by bytes.
    guard var value = try? JSON(parsing: bytes, file: "victim") else { return bytes }
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      var countdown = Int.random(in: 0..<count(value), using: &random)
      value = changed(value, &countdown, &random)
    }
    return Array(value.compact.utf8)
  }

  /// Values in the tree; long lists count by their first few, or nothing else would ever be met.
  private static func count(_ value: JSON) -> Int {
    switch value {
    case .array(let elements): elements.prefix(20).reduce(1) { $0 + count($1) }
    case .object(let members): members.prefix(200).reduce(1) { $0 + count($1.value) }
    default: 1
    }
  }

  /// The tree with its node number `countdown` changed.
  private static func changed(_ value: JSON, _ countdown: inout Int, _ random: inout SplitMix) -> JSON {
    countdown -= 1
    if countdown == -1 { return replaced(value, &random) }
    if countdown < 0 { return value }
    switch value {
    case .array(var elements):
      for index in elements.indices.prefix(20) where countdown >= 0 {
        elements[index] = changed(elements[index], &countdown, &random)
      }
      return .array(elements)
    case .object(var members):
      for index in members.indices.prefix(200) where countdown >= 0 {
        members[index] = JSON.Member(members[index].name, changed(members[index].value, &countdown, &random))
      }
      return .object(members)
    default: return value
    }
  }

  private static func replaced(_ value: JSON, _ random: inout SplitMix) -> JSON {
    let isContainer = value.members != nil || value.elements != nil
    if isContainer && Int.random(in: 0..<4, using: &random) > 0 { return rearranged(value, &random) }
    if let number = value.integer, Bool.random(using: &random) {
      return .integer(
        [number &- 1, number &+ 1, 0 &- number, number &* 2, number &* 1000, 0].randomElement(using: &random) ?? 0)
    }
    return values.randomElement(using: &random) ?? .null
  }

  /// A list or an object with a part left out, doubled, renamed or put in from elsewhere.
  private static func rearranged(_ value: JSON, _ random: inout SplitMix) -> JSON {
    if var elements = value.elements {
      if elements.isEmpty || Bool.random(using: &random) {
        elements.append(elements.randomElement(using: &random) ?? 1)
      } else {
        elements.remove(at: Int.random(in: elements.indices, using: &random))
      }
      return .array(elements)
    }
    guard var members = value.members, let some = members.randomElement(using: &random) else { return [:] }
    let index = Int.random(in: members.indices, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: members.remove(at: index)
    case 1: members[index] = JSON.Member(members[index].name, some.value)
    case 2: members[index] = JSON.Member(Lies.texts.randomElement(using: &random) ?? "", members[index].value)
    default: members.append(JSON.Member(Lies.texts.randomElement(using: &random) ?? "", some.value))
    }
    return .object(members)
  }

  private static let values: [JSON] =
    Lies.integers.map(JSON.integer) + Lies.texts.map(JSON.string) + [
      .null, true, false, 0.5, -1.5, 1e-300, 1e300, 1e39, [], [:], [0], [-1, 1], [.null], [[[[[]]]]], "NaN", "Infinity",
      .array(Array(repeating: 7, count: 3000)), ["": ""],
    ]
}

/// Values that readers like least, whatever the format.
enum Lies {
  static let integers = [
    0, 1, 2, 3, 7, 64, 100, 1000, 65_535, 65_536, 1_000_000, 1 << 31 - 1, 1 << 31, 1 << 32, 1 << 40, 1 << 62, .max,
    .max - 1, .max / 2 + 1, -1, -2, -1 << 31, .min, .min + 1,
  ]

  /// Nothing, too much, and all kinds of characters that a terminal obeys.
  static let texts = [
    "", " ", "\0", "..", "../../etc/passwd", "/etc/passwd", "a/b", "\\", "\u{1B}[31mred\u{1B}[0m",
    "\u{1B}]0;title\u{7}",
    "\u{9B}31m", "\u{85}", "two\nlines\r\nthree", "\u{202E}txt.exe", "\u{2066}x\u{2069}", "\u{200B}", "\u{2028}",
    "e\u{301}", "é", "👩‍👧", String(repeating: "long ", count: 2000), "%s%n", "NaN", "-Infinity", "class", "count:76",
    "count:9223372036854775807", "pool:0", "1e999", "model.safetensors", "nul\0byte",
  ]
}
