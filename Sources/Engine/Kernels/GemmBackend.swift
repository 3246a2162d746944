import Foundation
import Kernels

/// Whose kernels multiply matrices in this process.
///
/// The fastest that this processor has, or the one that the environment variable `DIVA_KERNELS` names.
///
/// Our own promise each number of a product the same bits, whatever rows and columns are computed with it, so that a
/// product may be cut in any way. They read weights as their file has them, in any precision, beside Float32 activations.
/// The others choose their code by the number of rows, so that the same row among 4 and among 260 may differ by rounding,
/// about 1e-7 of its length; equal bits are promised for products of the same shape only.
public enum GemmBackend: String, CaseIterable, Sendable {
  /// Our own, built for AVX-512.
  case avx512
  /// Our own, built for AVX2.
  case avx2
  /// Our own, in portable C.
  case portable
  /// OpenBLAS, on processors without AVX2, where `libopenblas.so.0` is installed.
  case blas
  /// oneDNN's; chosen by name only. The products in bfloat16 and some convolutions are oneDNN's in any case.
  case oneDNN = "onednn"

  public static let current = GemmBackend(kernels_path())

  init(_ path: KernelsPath) {
    self = GemmBackend(rawValue: String(cString: kernels_path_name(path)))!
  }

  /// Whether they are our own.
  public var isOwn: Bool { [.avx512, .avx2, .portable].contains(self) }

  /// Whether products of Float32 are our own.
  static let isOwn = current.isOwn

  /// Whether products of factors in this precision are our own.
  static func isOwn(isBF16: Bool) -> Bool { kernels_multiplies_own(isBF16) }

  /// Throws a `Problem` where `DIVA_KERNELS` names kernels that there are not, or that this machine lacks.
  public static func requireChosen(_ name: String? = ProcessInfo.processInfo.environment["DIVA_KERNELS"]) throws {
    guard let name, !name.isEmpty else { return }
    let names = GemmBackend.allCases.map(\.rawValue).joined(separator: ", ")
    guard let wanted = GemmBackend(rawValue: name) else {
      throw Problem(
        "DIVA_KERNELS is \(name), which names no kernels", advice: "choose one of \(names), or leave the variable unset"
      )
    }
    guard !wanted.isAvailable else { return }
    let reason = wanted == .blas ? "libopenblas.so.0 is not installed" : "this processor lacks its instructions"
    throw Problem(
      "DIVA_KERNELS is \(name), but \(reason)",
      advice: wanted == .blas ? "install OpenBLAS (Debian: libopenblas0)" : "leave the variable unset")
  }

  /// Whether this machine can run them.
  public var isAvailable: Bool { kernels_has_path(path) }

  var path: KernelsPath {
    switch self {
    case .avx512: KERNELS_AVX512
    case .avx2: KERNELS_AVX2
    case .portable: KERNELS_PORTABLE
    case .blas: KERNELS_BLAS
    case .oneDNN: KERNELS_ONEDNN
    }
  }

  /// oneDNN's version, which convolutions run on too: "2.6.3".
  public static var oneDNNVersion: String {
    var text = [CChar](repeating: 0, count: 64)
    kernels_onednn_version(&text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Rows of a micro-kernel's tile: rows of a product are best cut at its multiples.
  static let tileRows = Int(kernels_tile_rows())
}
