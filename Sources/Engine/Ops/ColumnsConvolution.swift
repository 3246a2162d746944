import Kernels

/// A convolution with frozen filters as one matrix product: a row of pixels for each result, times the filters.
///
/// For layers whose weights, not their images, are what takes time to read: the product shares its columns, and so the
/// weights, among the threads, and can be taken in bfloat16. Source: Chellapilla et al. 2006, “High Performance
/// Convolutional Neural Networks for Document Processing”; PyTorch's `unfold`.
struct ColumnsConvolution {
  let geometry: ConvolutionGeometry
  let isBF16: Bool
  /// Whether the packed filters stay for the next use.
  let keepsFilters: Bool

  private var outputs: Int { geometry.weight[0] }
  private var inputs: Int { geometry.weight[1] }
  private var taps: Int { geometry.weight[2] * geometry.weight[3] }
  /// The width of a row of pixels.
  private var inner: Int { taps * inputs }

  /// y (B, H′, W′, O) = x (B, H, W, I) ∗ weight [+ bias].
  func run(_ x: UnsafePointer<Float>, weight: Tensor, bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>)
  {
    let filters = filters(of: weight, isGradient: false)
    let results = geometry.output.count / outputs
    var shape = geometry.kernelShape(images: geometry.input[0])
    // A few MiB of rows at a time stay in the cache and bound the memory.
    let block = max(64, (8 << 20) / (4 * inner) / 64 * 64)
    let rows = Storage(count: min(block, results) * inner)
    for first in Swift.stride(from: 0, to: results, by: block) {
      let count = min(block, results - first)
      ThreadPool.runPieces(of: count, size: max(1, min(16, 65_536 / inner))) { piece in
        kernels_columns(
          &shape, Int64(first + piece.lowerBound), Int64(piece.count), x, isBF16,
          UnsafeMutableRawPointer(rows.base) + piece.lowerBound * inner * numberSize)
      }
      multiply(rows.base, rows: count, filters, width: outputs, inner: inner, bias, into: y + first * outputs)
    }
  }

  /// dx (B, H, W, I) for an arriving dy (B, H′, W′, O).
  func inputGradient(arriving dy: UnsafePointer<Float>, weight: Tensor, into dx: UnsafeMutablePointer<Float>) {
    let filters = filters(of: weight, isGradient: true)
    let results = geometry.output.stride / outputs
    var shape = geometry.kernelShape(images: 1)
    let dRows = Storage(count: results * inner)
    for image in 0..<geometry.input[0] {
      let arriving = dy + image * geometry.output.stride
      let halves = isBF16 ? HalfRows(arriving, rows: results, width: outputs) : nil
      halves?.convertAll()
      multiply(
        halves?.pointer() ?? UnsafeRawPointer(arriving), rows: results, filters, width: inner, inner: outputs, nil,
        into: dRows.base)
      ThreadPool.run(geometry.input[1]) { line in
        kernels_columns_gradient(&shape, Int64(line), 1, dRows.base, dx + image * geometry.input.stride)
      }
    }
  }

  private var numberSize: Int { isBF16 ? 2 : 4 }

  private func multiply(
    _ a: UnsafeRawPointer, rows: Int, _ filters: FilterMatrices, width: Int, inner: Int, _ bias: UnsafePointer<Float>?,
    into c: UnsafeMutablePointer<Float>
  ) {
    let cut = ProductCut(rows: rows, columns: width, inner: inner, columnBlock: filters.columnBlock)
    ThreadPool.run(cut.rowPieces * cut.columnPieces) { piece in
      let (rows, columns) = cut.piece(piece)
      filters.multiply(
        0, rows: rows.count, a + rows.lowerBound * inner * numberSize, columns: columns, bias: bias,
        into: c + rows.lowerBound * width)
    }
  }

  /// The filters W (O, taps·I), channels innermost: the product of the layer is with Wᵀ, that of its gradient with W.
  private func filters(of weight: Tensor, isGradient: Bool) -> FilterMatrices {
    let (outputs, inputs, taps, inner) = (outputs, inputs, taps, inner)
    let (n, k) = isGradient ? (inner, outputs) : (outputs, inner)
    let name: UInt64 = (isGradient ? 2 : 0) | (isBF16 ? 1 : 0)
    return FilterMatrices(
      of: weight, count: 1, as: KernelsMatrix(n: Int64(n), k: Int64(k), transposed: !isGradient, bf16: isBF16),
      name: name, keeps: keepsFilters
    ) { numbers, columns, to in
      let filter = Storage(count: 2 * inner)
      for output in isGradient ? 0..<outputs : columns {
        kernels_floats(numbers, Int64(output * inner), Int64(inner), filter.base)
        kernels_filter_rows(1, Int64(inputs), Int64(taps), filter.base, filter.base + inner)
        let part = isGradient ? columns : 0..<inner
        let row = isGradient ? output : output - columns.lowerBound
        (to + row * part.count).update(from: filter.base + inner + part.lowerBound, count: part.count)
      }
    }
  }
}
