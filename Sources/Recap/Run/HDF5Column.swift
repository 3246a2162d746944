import CHDF5

/// The numbers or texts of one HDF5 dataset, row by row.
enum HDF5Column: Equatable {
  case integers([Int64])
  case floats([Float])
  case doubles([Double])
  /// Stored as 0 and 1.
  case flags([Bool])
  /// UTF-8 in so many bytes each: cut at a character, filled up with zeros.
  case texts([String], bytes: Int)

  var count: Int {
    switch self {
    case .integers(let values): values.count
    case .floats(let values): values.count
    case .doubles(let values): values.count
    case .flags(let values): values.count
    case .texts(let values, _): values.count
    }
  }

  /// The values as they lie in memory and in the file (both little-endian). Every NaN is the same NaN.
  var bytes: [UInt8] {
    switch self {
    case .integers(let values): values.withUnsafeBytes(Array.init)
    case .floats(let values): values.map { $0.isNaN ? .nan : $0 }.withUnsafeBytes(Array.init)
    case .doubles(let values): values.map { $0.isNaN ? .nan : $0 }.withUnsafeBytes(Array.init)
    case .flags(let values): values.map { $0 ? 1 : 0 }
    case .texts(let values, let length): values.flatMap { HDF5Column.padded($0, length) }
    }
  }

  /// Bytes of one value.
  var size: Int {
    switch self {
    case .integers, .doubles: 8
    case .floats: 4
    case .flags: 1
    case .texts(_, let length): length
    }
  }

  /// Gives `body` the type of one value.
  func withType<R>(_ body: (hid_t) throws -> R) throws -> R {
    switch self {
    case .integers: try body(chdf5_int64())
    case .floats: try body(chdf5_float())
    case .doubles: try body(chdf5_double())
    case .flags: try body(chdf5_uint8())
    case .texts(_, let length):
      try HDF5.with(chdf5_text(length), "a text type", close: H5Tclose, body)
    }
  }

  private static func padded(_ text: String, _ length: Int) -> [UInt8] {
    var kept = Array(text.utf8)
    if kept.count > length {
      kept = []
      for character in text {
        guard kept.count + character.utf8.count <= length else { break }
        kept += character.utf8
      }
    }
    return kept + Array(repeating: 0, count: length - kept.count)
  }
}

/// A dataset's place in the file and its contents; `width` values make a row.
struct HDF5Dataset {
  let name: String
  let column: HDF5Column
  /// nil: one axis, one value a row.
  var width: Int?

  var rows: Int { column.count / (width ?? 1) }
  var dims: [hsize_t] { [hsize_t(rows)] + (width.map { [hsize_t($0)] } ?? []) }
}
