import Kernels

/// The system libraries that the arithmetic runs on.
public enum Libraries {
  /// oneDNN's version: "2.6.3".
  public static var oneDNN: String {
    var text = [CChar](repeating: 0, count: 64)
    kernels_onednn_version(&text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
