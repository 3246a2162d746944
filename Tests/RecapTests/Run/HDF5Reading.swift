import CHDF5

@testable import Engine
@testable import Recap

// The program never reads HDF5; what it wrote is read back here.

extension HDF5 {
  /// The bytes of a dataset that has the kind and shape of `expected`; nil when the file or dataset is not so.
  static func bytes(like expected: HDF5Dataset, in path: String) -> [UInt8]? {
    let (usual, everything) = (hid_t(H5P_DEFAULT), hid_t(H5S_ALL))
    chdf5_print_no_errors()
    return try? with(H5Fopen(path, chdf5_read_only(), usual), path, close: H5Fclose) { file in
      try with(H5Dopen2(file, expected.name, usual), expected.name, close: H5Dclose) { dataset in
        guard try dims(of: dataset) == expected.dims else { return nil }
        var bytes = [UInt8](repeating: 0, count: expected.column.count * expected.column.size)
        let status = try expected.column.withType { H5Dread(dataset, $0, everything, everything, usual, &bytes) }
        return status < 0 ? nil : bytes
      }
    }
  }

  private static func dims(of dataset: hid_t) throws -> [hsize_t] {
    try with(H5Dget_space(dataset), "a dataspace", close: H5Sclose) { space in
      var dims = [hsize_t](repeating: 0, count: Int(H5S_MAX_RANK))
      let rank = H5Sget_simple_extent_dims(space, &dims, nil)
      return Array(dims.prefix(Int(max(0, rank))))
    }
  }
}

extension MetricsStore {
  /// Whether the file at `path` is whole and says exactly what the log says.
  static func matches(_ history: RunHistory, _ path: String) -> Bool {
    datasets(history).allSatisfy { HDF5.bytes(like: $0, in: path) == $0.column.bytes }
  }
}
