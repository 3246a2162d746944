@testable import Engine

/// Safetensors files with a sound header that lies: types, shapes, places, names.
enum SafetensorsLies {
  static func lie(_ victim: Victim, _ random: inout SplitMix) throws -> [UInt8] {
    let (header, data) = try split(victim.bytes)
    var members = header.members ?? []
    var length: UInt64?
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      let index = Int.random(in: members.indices, using: &random)
      switch Int.random(in: 0..<12, using: &random) {
      case 0...2: members[index] = with(members[index], "shape", .array(shape(of: members[index], &random)))
      case 3...5: members[index] = with(members[index], "data_offsets", offsets(of: members, at: index, &random))
      case 6: members[index] = with(members[index], "dtype", dtype(&random))
      case 7: members[index] = JSON.Member(Lies.texts.randomElement(using: &random) ?? "", members[index].value)
      case 8: members.remove(at: index)
      case 9: members.append(members[index])
      case 10: members.swapAt(index, Int.random(in: members.indices, using: &random))
      default: length = [0, 1, 7, .max, 1 << 63, 100_000_001, UInt64(data.count)].randomElement(using: &random)
      }
      if members.isEmpty { break }
    }
    let text = Array(JSON.object(members).compact.utf8)
    return little(length ?? UInt64(text.count)) + text + data
  }

  private static func split(_ file: [UInt8]) throws -> (header: JSON, data: [UInt8]) {
    let length = file.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    return (try JSON(parsing: Array(file[8..<8 + length]), file: "victim"), Array(file[(8 + length)...]))
  }

  private static func little(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func with(_ member: JSON.Member, _ name: String, _ value: JSON) -> JSON.Member {
    let others = (member.value.members ?? []).filter { $0.name != name }
    return JSON.Member(member.name, .object(others + [JSON.Member(name, value)]))
  }

  /// Often one with as many entries as before, which then gets far.
  private static func shape(of member: JSON.Member, _ random: inout SplitMix) -> [JSON] {
    var sizes = (member.value["shape"]?.elements ?? []).compactMap(\.integer)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: sizes = [sizes.reduce(1, &*)]
    case 1: sizes = sizes.reversed()
    case 2: sizes += Array(repeating: 1, count: [1, 4, 7, 70, 3000].randomElement(using: &random) ?? 1)
    case 3: sizes.append(0)
    case 4: sizes.insert(Lies.integers.randomElement(using: &random) ?? 0, at: 0)
    default:
      guard let index = sizes.indices.randomElement(using: &random) else { return [0] }
      sizes[index] = Lies.integers.randomElement(using: &random) ?? 0
    }
    return sizes.map(JSON.integer)
  }

  private static func offsets(of members: [JSON.Member], at index: Int, _ random: inout SplitMix) -> JSON {
    let own = members[index].value["data_offsets"]?.elements?.compactMap(\.integer) ?? [0, 0]
    let other = members.randomElement(using: &random)?.value["data_offsets"] ?? [0, 0]
    let lie = Lies.integers.randomElement(using: &random) ?? 0
    let first = JSON.integer(own.first ?? 0), last = JSON.integer(own.last ?? 0)
    return [other, [last, first], [first, .integer(lie)], [.integer(lie), last], [first], [first, last, last]]
      .randomElement(using: &random) ?? other
  }

  private static func dtype(_ random: inout SplitMix) -> JSON {
    let known = StoredType.allCases.map { JSON.string($0.rawValue) }
    return (known + ["", "f32", "F128", 7]).randomElement(using: &random) ?? ""
  }
}
