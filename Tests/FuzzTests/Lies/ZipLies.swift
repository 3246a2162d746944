/// Zip archives whose records are where they should be and say what is not so.
enum ZipLies {
  /// A record by its signature, and its fields as (offset, width).
  private struct Kind {
    let signature: [UInt8]
    let fields: [(Int, Int)]
  }

  private static let kinds = [
    // Central entries: flags, method, checksum, sizes, lengths, disk, where the member begins.
    Kind(
      signature: [0x50, 0x4B, 1, 2],
      fields: [(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (34, 2), (42, 4), (42, 4)]),
    // Local headers.
    Kind(signature: [0x50, 0x4B, 3, 4], fields: [(6, 2), (8, 2), (18, 4), (22, 4), (26, 2), (28, 2)]),
    // The end record: disks, counts, size and place of the table of contents, comment.
    Kind(signature: [0x50, 0x4B, 5, 6], fields: [(4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)]),
    // ZIP64's end record and its locator.
    Kind(signature: [0x50, 0x4B, 6, 6], fields: [(4, 8), (16, 4), (20, 4), (24, 8), (32, 8), (40, 8), (48, 8)]),
    Kind(signature: [0x50, 0x4B, 6, 7], fields: [(4, 4), (8, 8), (16, 4)]),
  ]

  static func lie(_ victim: Victim, _ random: inout SplitMix) -> [UInt8] {
    var bytes = victim.bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      switch Int.random(in: 0..<8, using: &random) {
      case 0: rename(&bytes, &random)
      case 1: addZip64(&bytes, &random)
      case 2: repeatEntry(&bytes, &random)
      default: lieInField(&bytes, &random)
      }
    }
    return bytes
  }

  private static func places(of kind: Kind, in bytes: [UInt8]) -> [Int] {
    bytes.indices.dropLast(3).filter { bytes[$0] == 0x50 && Array(bytes[$0..<$0 + 4]) == kind.signature }
  }

  private static func lieInField(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    let some = kinds.map { ($0, places(of: $0, in: bytes)) }.filter { !$0.1.isEmpty }.randomElement(using: &random)
    guard let (kind, places) = some, let place = places.randomElement(using: &random),
      let (offset, width) = kind.fields.randomElement(using: &random)
    else { return }
    let lies: [Int] =
      Lies.integers + [bytes.count, bytes.count - 1, bytes.count + 1, place, 0xFFFF, 0xFFFF_FFFF, 0xFFFE, 22, 46]
    write(lies.randomElement(using: &random) ?? 0, width, at: place + offset, in: &bytes)
  }

  /// The same letters in the table of contents and in the member, of a name that leads elsewhere.
  private static func rename(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard let central = places(of: kinds[0], in: bytes).randomElement(using: &random), central + 46 < bytes.count else {
      return
    }
    let length = min(Int(bytes[central + 28]), bytes.count - central - 46)
    let old = Array(bytes[central + 46..<central + 46 + length])
    let names = ["../../../../etc/passwd", "/etc/passwd", "a/data.pkl", "b/data.pkl", "\u{1B}[31m", "\u{202E}kp.atad"]
    let name = Array((names.randomElement(using: &random) ?? "").utf8)
    let new = Array((name + Array(repeating: UInt8(ascii: "_"), count: 300)).prefix(length))
    for start in bytes.indices.dropLast(length) where length > 0 && Array(bytes[start..<start + length]) == old {
      bytes.replaceSubrange(start..<start + length, with: new)
    }
  }

  /// A ZIP64 locator, and perhaps its record, in front of the end record.
  private static func addZip64(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard let end = places(of: kinds[2], in: bytes).last else { return }
    var record = kinds[3].signature + [UInt8](repeating: 0, count: 52)
    for (offset, width) in kinds[3].fields where offset >= 24 {
      write(Lies.integers.randomElement(using: &random) ?? 0, width, at: offset, in: &record)
    }
    var locator = kinds[4].signature + [UInt8](repeating: 0, count: 16)
    write(Bool.random(using: &random) ? end : Lies.integers.randomElement(using: &random) ?? 0, 8, at: 8, in: &locator)
    bytes.insert(contentsOf: record + locator, at: end)
  }

  /// An entry twice, counted twice.
  private static func repeatEntry(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    let entries = places(of: kinds[0], in: bytes)
    guard entries.count > 1, let end = places(of: kinds[2], in: bytes).last, end + 16 <= bytes.count else { return }
    let index = Int.random(in: 0..<entries.count - 1, using: &random)
    let entry = Array(bytes[entries[index]..<entries[index + 1]])
    let size = (0..<4).reduce(0) { $0 | Int(bytes[end + 12 + $1]) << (8 * $1) }
    for offset in [8, 10] { write(entries.count + 1, 2, at: end + offset, in: &bytes) }
    write(size + entry.count, 4, at: end + 12, in: &bytes)
    bytes.insert(contentsOf: entry, at: entries[index])
  }

  private static func write(_ number: Int, _ width: Int, at place: Int, in bytes: inout [UInt8]) {
    for i in 0..<width where place + i < bytes.count { bytes[place + i] = UInt8(truncatingIfNeeded: number >> (8 * i)) }
  }
}
