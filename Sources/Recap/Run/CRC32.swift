/// The checksum of zip, PNG and gzip (polynomial 0xEDB88320, reflected), over pieces of data in order.
///
/// Finds accidents, not attacks. Eight bytes at a time ("slicing by 8"), because checkpoints have gigabytes.
struct CRC32 {
  private var state: UInt32 = ~0

  var value: UInt32 { ~state }

  /// Eight digits.
  var hexadecimal: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var crc = state
    let words = bytes.count / 8
    CRC32.tables.withUnsafeBufferPointer { table in
      for word in 0..<words {
        let next = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)) ^ UInt64(crc)
        crc = 0
        for byte in 0..<8 {
          let value = Int(truncatingIfNeeded: next >> UInt64(8 * byte)) & 255
          crc ^= table[(7 - byte) * 256 + value]
        }
      }
      for position in words * 8..<bytes.count {
        crc = table[Int((crc ^ UInt32(bytes[position])) & 255)] ^ (crc >> 8)
      }
    }
    state = crc
  }

  /// Table k, entry b: the checksum of byte b followed by k zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
      tables[byte] = crc
    }
    for entry in 256..<tables.count {
      let before = tables[entry - 256]
      tables[entry] = tables[Int(before & 255)] ^ (before >> 8)
    }
    return tables
  }()
}
