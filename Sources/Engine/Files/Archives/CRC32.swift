import CZlib

/// The checksum of zip, PNG and gzip (polynomial 0xEDB88320, reflected), over pieces of data in order.
///
/// Finds accidents, not attacks.
public struct CRC32: Sendable {
  private var sum: UInt = 0

  public init() {}

  public var value: UInt32 { UInt32(truncatingIfNeeded: sum) }

  /// Eight digits.
  public var hexadecimal: String { value.hexadecimal }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    // Of no bytes zlib would give the initial value back.
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    sum = crc32_z(sum, start.assumingMemoryBound(to: UInt8.self), bytes.count)
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// All digits in base 16, zeros in front, too.
  public var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: bitWidth / 4 - digits.count) + digits
  }
}
