import Kernels

/// Whose kernels multiply matrices in this process.
///
/// Chosen by the processor, or by the environment variable `DIVA_KERNELS` (`avx2` or `onednn`).
public enum GemmBackend: String, CaseIterable, Sendable {
  /// Our own, on processors with AVX2 and no AVX-512.
  ///
  /// They promise each number of a product the same bits, whatever rows and columns are computed with it, so that a
  /// product may be cut in any way. They read weights as their file has them, in any precision, beside Float32
  /// activations.
  case own = "own AVX2"
  /// oneDNN's. It chooses its code by the number of rows, so that the same row among 4 and among 260 may differ by
  /// rounding, about 1e-7 of its length; equal bits are promised for products of the same shape only.
  case oneDNN

  public static let current: GemmBackend = kernels_gemm_backend() == KERNELS_GEMM_OWN ? .own : .oneDNN

  /// oneDNN's version, which convolutions run on too: "2.6.3".
  public static var oneDNNVersion: String {
    var text = [CChar](repeating: 0, count: 64)
    kernels_onednn_version(&text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Rows of a micro-kernel's tile: rows of a product are best cut at its multiples.
  static let tileRows = Int(kernels_tile_rows())
}
