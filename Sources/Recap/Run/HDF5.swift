import CHDF5
import Engine
import Foundation

/// The little of HDF5 that a run needs: make a whole file. Its C API stays in this file.
///
/// Nothing reads HDF5 here: its library ends the whole process on some damaged files (a division by zero in 1.10.8).
enum HDF5 {
  private static let usual = hid_t(H5P_DEFAULT)
  private static let everything = hid_t(H5S_ALL)

  /// The bytes of a file. It is made in memory: HDF5 would crash in its exit handler over a file that a full disk cut short.
  static func file(groups: [String], _ datasets: [HDF5Dataset], attributes: [String: HDF5Column]) throws -> Data {
    chdf5_print_no_errors()
    return try withNewFile { file in
      for group in groups {
        try with(H5Gcreate2(file, group, usual, usual, usual), group, close: H5Gclose) { _ in }
      }
      for dataset in datasets { try write(dataset, to: file) }
      for (name, column) in attributes.sorted(by: { $0.key < $1.key }) { try write(column, as: name, to: file) }
      try check(H5Fflush(file, H5F_SCOPE_GLOBAL), memory)
      var bytes = Data(count: max(0, H5Fget_file_image(file, nil, 0)))
      let written = bytes.withUnsafeMutableBytes { H5Fget_file_image(file, $0.baseAddress, $0.count) }
      try check(written == bytes.count ? 0 : -1, memory)
      return bytes
    }
  }

  private static let memory = "a file in memory"

  private static func withNewFile<R>(_ body: (hid_t) throws -> R) throws -> R {
    try with(H5Pcreate(chdf5_file_access()), memory, close: H5Pclose) { access in
      try check(H5Pset_fapl_core(access, 1 << 20, false), memory)
      // HDF5 first looks for a file of the name, open or on the disk: there can be none of this one.
      let name = "/dev/null/\(UUID().uuidString)"
      return try with(H5Fcreate(name, chdf5_truncate(), usual, access), memory, close: H5Fclose, body)
    }
  }

  /// Calls `body` with an id that HDF5 just gave, and closes it afterwards.
  static func with<R>(_ id: hid_t, _ what: String, close: (hid_t) -> herr_t, _ body: (hid_t) throws -> R) throws -> R {
    try check(id, what)
    let result: R
    do {
      result = try body(id)
    } catch {
      _ = close(id)  // The first mistake is the one to report.
      throw error
    }
    try check(close(id), what)
    return result
  }

  private static func check(_ status: some SignedInteger, _ what: String) throws {
    guard status >= 0 else {
      throw Problem("HDF5 cannot make \(what)", advice: "check that memory is left")
    }
  }

  /// Chunked along an unlimited first axis, so that tools may append to a copy.
  private static func write(_ dataset: HDF5Dataset, to file: hid_t) throws {
    let dims = dataset.dims
    let limits = [chdf5_unlimited()] + dims.dropFirst()
    let chunk = [hsize_t(min(max(dataset.rows, 64), 16_384))] + dims.dropFirst()
    try with(H5Screate_simple(Int32(dims.count), dims, limits), dataset.name, close: H5Sclose) { space in
      try with(H5Pcreate(chdf5_dataset_creation()), dataset.name, close: H5Pclose) { settings in
        try check(H5Pset_chunk(settings, Int32(chunk.count), chunk), dataset.name)
        // No time stamps: equal logs give equal files.
        try check(H5Pset_obj_track_times(settings, false), dataset.name)
        try dataset.column.withType { type in
          let id = H5Dcreate2(file, dataset.name, type, space, usual, settings, usual)
          try with(id, dataset.name, close: H5Dclose) { id in
            try check(
              H5Dwrite(id, type, everything, everything, usual, dataset.column.bytes), dataset.name)
          }
        }
      }
    }
  }

  /// One value as a scalar attribute, several as a list.
  private static func write(_ column: HDF5Column, as name: String, to file: hid_t) throws {
    let space = column.count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, [hsize_t(column.count)], nil)
    try with(space, name, close: H5Sclose) { space in
      try column.withType { type in
        let id = H5Acreate2(file, name, type, space, usual, usual)
        try with(id, name, close: H5Aclose) { id in try check(H5Awrite(id, type, column.bytes), name) }
      }
    }
  }
}
