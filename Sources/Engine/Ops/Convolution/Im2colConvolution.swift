import Kernels

/// A convolution with frozen filters as one matrix product (im2col): a row of pixels for each result, times the filters.
///
/// For layers whose weights, not their images, are what takes time to read: the product shares its columns, and so the
/// weights, among the threads, can be taken in bfloat16, and reads the filters as files hold them, in no second
/// copy. Source: Chellapilla et al. 2006, “High Performance Convolutional Neural Networks for Document Processing”;
/// PyTorch's `unfold`.
struct Im2colConvolution {
  let geometry: ConvolutionGeometry
  let arithmetic: ArithmeticPolicy

  private var outputs: Int { geometry.weight[0] }
  /// The width of a row of pixels: channels times taps.
  private var inner: Int { geometry.weight.stride }

  /// Rows that are laid out at once: a few MiB stay in the cache and bound the memory.
  private var rowsAtOnce: Int { max(64, (16 << 20) / (4 * inner) / 64 * 64) }

  /// y (B, H′, W′, O) = x (B, H, W, I) ∗ weight [+ bias].
  func run(_ x: UnsafePointer<Float>, weight: Tensor, bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>)
  {
    let results = geometry.output.count / outputs
    var shape = geometry.kernelShape(images: geometry.input[0])
    let (rows, filters) = (Storage(count: min(rowsAtOnce, results) * inner), matrix(of: weight))
    for first in Swift.stride(from: 0, to: results, by: rowsAtOnce) {
      let count = min(rowsAtOnce, results - first)
      ThreadPool.runPieces(of: count, size: max(1, min(16, 65_536 / inner))) { piece in
        kernels_im2col(
          &shape, Int64(first + piece.lowerBound), Int64(piece.count), x, rows.base + piece.lowerBound * inner)
      }
      product(rows: count, filters, isTransposed: true).run(rows.base, bias: bias, into: y + first * outputs)
    }
  }

  /// dx (B, H, W, I) for an arriving dy (B, H′, W′, O).
  func inputGradient(arriving dy: UnsafePointer<Float>, weight: Tensor, into dx: UnsafeMutablePointer<Float>) {
    let results = geometry.output.stride / outputs
    var shape = geometry.kernelShape(images: 1)
    let (dRows, filters) = (Storage(count: results * inner), matrix(of: weight))
    for image in 0..<geometry.input[0] {
      product(rows: results, filters, isTransposed: false).run(dy + image * geometry.output.stride, into: dRows.base)
      ThreadPool.run(geometry.input[1]) { line in
        kernels_col2im(&shape, Int64(line), 1, dRows.base, dx + image * geometry.input.stride)
      }
    }
  }

  /// The filters W (O, I·taps).
  private func matrix(of weight: Tensor) -> Tensor { weight.detached().reshaped([outputs, inner]) }

  /// The product of the layer is with Wᵀ, that of its gradient with W.
  private func product(rows: Int, _ filters: Tensor, isTransposed: Bool) -> WeightsProduct {
    WeightsProduct(rows: rows, weight: filters, isTransposed: isTransposed, arithmetic: arithmetic)
  }
}
