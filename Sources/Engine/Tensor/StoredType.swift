import Kernels

/// How a file stores one number, by its name in safetensors.
///
/// All names of that format are known, so that a file with an exotic tensor still opens; the ones that models in use
/// are stored in can also be read.
public enum StoredType: String, Sendable, CaseIterable {
  // The order is the format's own: writers put the tensors of a later type first.
  case bool = "BOOL"
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8E5M2 = "F8_E5M2"
  case f8E4M3 = "F8_E4M3"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// The size of one entry; below 8 bits several share a byte.
  public var bits: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }

  /// True for the floating-point types that become a `Tensor`.
  public var isReadableFloat: Bool { isComputable || eightBitForm != nil }

  /// True for those that are kept as they are stored until an op needs them.
  var isComputable: Bool { [.f16, .bf16, .f32, .f64].contains(self) }

  /// True for the types that can be read as whole numbers.
  public var isReadableInteger: Bool { [.bool, .u8, .i8, .i16, .u16, .i32, .i64].contains(self) }
}

extension StoredType {
  /// `count` numbers of this type, which must be a readable float, as Float32. Bytes need not be aligned.
  ///
  /// F64 is rounded to the nearest Float32; F16 and BF16 are exact.
  func convert(_ bytes: UnsafeRawPointer, count: Int64, to out: UnsafeMutablePointer<Float>) {
    switch self {
    case .f32: UnsafeMutableRawPointer(out).copyMemory(from: bytes, byteCount: Int(count) * 4)
    case .f16: kernels_float_from_f16(count, bytes, out)
    case .bf16: kernels_float_from_bf16(count, bytes, out)
    case .f64: kernels_float_from_f64(count, bytes, out)
    case _ where eightBitForm != nil:
      let table = Self.eightBitTables[self] ?? []
      for i in 0..<Int(count) { out[i] = table[Int(bytes.load(fromByteOffset: i, as: UInt8.self))] }
    default: preconditionFailure("\(rawValue) is not a float that we read")
    }
  }

  /// Little-endian `bytes` of this type, which must be a readable integer.
  func integers(_ bytes: UnsafeRawBufferPointer) -> [Int64] {
    switch self {
    case .bool, .u8: bytes.map(Int64.init)
    case .i8: StoredType.list(bytes, Int8.self)
    case .i16: StoredType.list(bytes, Int16.self)
    case .u16: StoredType.list(bytes, UInt16.self)
    case .i32: StoredType.list(bytes, Int32.self)
    case .i64: StoredType.list(bytes, Int64.self)
    default: preconditionFailure("\(rawValue) is not an integer that we read")
    }
  }

  private static func list<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _: Number.Type) -> [Int64] {
    let size = MemoryLayout<Number>.size
    return (0..<bytes.count / size).map { Int64(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)) }
  }
}

// MARK: Floats of 8 bits

extension StoredType {
  /// Bits of the fraction, the exponent's bias, and which patterns are no finite numbers: IEEE's with infinities, those
  /// with all bits set, or minus zero alone. Source: OCP 8-bit floating point (2023); arXiv 2206.02915 for FNUZ.
  private struct EightBitForm {
    enum Special { case infinities, allOnes, minusZero }
    let fraction: Int
    let bias: Int
    let special: Special

    func number(_ byte: UInt8) -> Float {
      let magnitude = Int(byte & 0x7F)
      let (exponent, rest) = (magnitude >> fraction, magnitude & ((1 << fraction) - 1))
      switch special {
      case .infinities where exponent == (1 << (7 - fraction)) - 1:
        return rest != 0 ? .nan : byte < 0x80 ? .infinity : -.infinity
      case .allOnes where magnitude == 0x7F: return .nan
      case .minusZero where byte == 0x80: return .nan
      default: break
      }
      // Without the leading one the exponent is that of 1.
      let significand = Float(rest + (exponent > 0 ? 1 << fraction : 0))
      let value = Float(sign: .plus, exponent: max(exponent, 1) - bias - fraction, significand: significand)
      return byte < 0x80 ? value : -value
    }
  }

  private var eightBitForm: EightBitForm? {
    switch self {
    case .f8E4M3: EightBitForm(fraction: 3, bias: 7, special: .allOnes)
    case .f8E5M2: EightBitForm(fraction: 2, bias: 15, special: .infinities)
    case .f8E4M3FNUZ: EightBitForm(fraction: 3, bias: 8, special: .minusZero)
    case .f8E5M2FNUZ: EightBitForm(fraction: 2, bias: 16, special: .minusZero)
    default: nil
    }
  }

  private static let eightBitTables = Dictionary(
    uniqueKeysWithValues: allCases.compactMap { type in
      type.eightBitForm.map { form in (type, (0...255).map { form.number(UInt8($0)) }) }
    })
}
