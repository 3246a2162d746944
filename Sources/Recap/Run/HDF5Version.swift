import CHDF5

/// The version of the HDF5 library in use: "1.10.8"; nil when it does not say.
public func hdf5Version() -> String? {
  var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
  return H5get_libversion(&major, &minor, &release) >= 0 ? "\(major).\(minor).\(release)" : nil
}
