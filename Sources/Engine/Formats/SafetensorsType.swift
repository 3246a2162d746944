/// How a safetensors file stores one number.
///
/// All names of the format are known, so that a header with an exotic tensor still opens; the ones that models in
/// use are stored in can also be read.
public enum SafetensorsType: String, Sendable, CaseIterable {
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

  /// True for the floating-point types that `tensor(named:)` converts to Float32.
  public var isReadableFloat: Bool { [.f16, .bf16, .f32, .f64].contains(self) }

  /// True for the whole-number types that `integers(named:)` reads.
  public var isReadableInteger: Bool { [.bool, .u8, .i8, .i16, .u16, .i32, .i64].contains(self) }
}

extension SafetensorsType {
  /// Little-endian `bytes` of this type, which must be a readable float, as Float32; `out` has one place an entry.
  ///
  /// F64 is rounded to the nearest Float32; F16 and BF16 are exact. Bytes need not be aligned.
  func convert(_ bytes: UnsafeRawBufferPointer, to out: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .f32: UnsafeMutableRawBufferPointer(out).copyMemory(from: bytes)
    case .f16: SafetensorsType.map(bytes, UInt16.self, to: out) { Float(Float16(bitPattern: $0)) }
    case .bf16: SafetensorsType.map(bytes, UInt16.self, to: out) { Float(bitPattern: UInt32($0) << 16) }
    case .f64: SafetensorsType.map(bytes, UInt64.self, to: out) { Float(Double(bitPattern: $0)) }
    default: preconditionFailure("\(rawValue) is not a float that we read")
    }
  }

  private static func map<Bits: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _: Bits.Type, to out: UnsafeMutableBufferPointer<Float>,
    _ number: (Bits) -> Float
  ) {
    for i in out.indices {
      out[i] = number(bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<Bits>.size, as: Bits.self))
    }
  }

  /// Little-endian `bytes` of this type, which must be a readable integer.
  func integers(_ bytes: UnsafeRawBufferPointer) -> [Int64] {
    switch self {
    case .bool, .u8: bytes.map(Int64.init)
    case .i8: SafetensorsType.list(bytes, Int8.self)
    case .i16: SafetensorsType.list(bytes, Int16.self)
    case .u16: SafetensorsType.list(bytes, UInt16.self)
    case .i32: SafetensorsType.list(bytes, Int32.self)
    case .i64: SafetensorsType.list(bytes, Int64.self)
    default: preconditionFailure("\(rawValue) is not an integer that we read")
    }
  }

  private static func list<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _: Number.Type) -> [Int64] {
    let size = MemoryLayout<Number>.size
    return (0..<bytes.count / size).map { Int64(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Number.self)) }
  }
}
