import Kernels

/// C (rows × columns) = A (rows × inner) · B, where B is Wᵀ or W of a layer's weights W (O, I).
///
/// How W is read depends on what it is: a frozen parameter is packed once for the kernels, a trained one is read where
/// the optimizer writes it, or once after each update copied to bfloat16.
struct WeightsProduct {
  private let rows: Int
  private let columns: Int
  private let inner: Int
  /// B = Wᵀ: the layer's own product. Otherwise that of its gradient.
  private let isTransposed: Bool
  private let right: Right

  private enum Right {
    case plain(Packed, isBF16: Bool)
    case packed(Packed, KernelsMatrix, KernelsPacking)
  }

  init(rows: Int, weight: Tensor, isTransposed: Bool, arithmetic: ArithmeticPolicy) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    self.rows = rows
    (columns, inner) = isTransposed ? (outputs, inputs) : (inputs, outputs)
    self.isTransposed = isTransposed
    let isBF16 = arithmetic.multipliesBF16
    let matrix = KernelsMatrix(n: Int64(columns), k: Int64(inner), transposed: isTransposed, bf16: isBF16)
    if weight.storage.isFrozen, arithmetic.memory == .fast, let packed = weight.packed(as: matrix) {
      right = .packed(packed.form, matrix, packed.packing)
    } else {
      right = .plain(weight.plain(isBF16: isBF16), isBF16: isBF16)
    }
  }

  private var isBF16: Bool {
    switch right {
    case .plain(_, let isBF16): isBF16
    case .packed(_, let matrix, _): matrix.bf16
    }
  }

  private var columnBlock: Int {
    if case .packed(_, _, let packing) = right { Int(packing.columnBlock) } else { columns }
  }

  func run(
    _ a: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil, into c: UnsafeMutablePointer<Float>
  ) {
    let cut = ProductCut(rows: rows, columns: columns, inner: inner, columnBlock: columnBlock)
    let halves = isBF16 ? HalfRows(a, rows: rows, width: inner) : nil
    // Pieces of the same rows would convert them several times.
    if cut.columnPieces > 1 { halves?.convertAll() }
    ThreadPool.run(cut.rowPieces * cut.columnPieces) { piece in
      let (rows, columns) = cut.piece(piece)
      if cut.columnPieces == 1 { halves?.convert(rows) }
      let left = halves.map { $0.pointer(rows.lowerBound) } ?? UnsafeRawPointer(a + rows.lowerBound * inner)
      multiply(left, rows: rows.count, columns, bias: bias, into: c + rows.lowerBound * self.columns)
    }
  }

  private func multiply(
    _ a: UnsafeRawPointer, rows: Int, _ piece: Range<Int>, bias: UnsafePointer<Float>?,
    into c: UnsafeMutablePointer<Float>
  ) {
    let (m, n, k) = (Int64(rows), Int64(columns), Int64(inner))
    let ld = isTransposed ? k : n
    switch right {
    case .packed(let b, var matrix, _):
      kernels_matrix_product(
        &matrix, m, a, b.pointer, Int64(piece.lowerBound), Int64(piece.count), bias, c, n)
    case .plain(let b, isBF16: true):
      kernels_matmul_bf16(m, n, k, a, k, false, b.pointer, ld, isTransposed, bias, false, c, n)
    case .plain(let b, isBF16: false):
      let (a, b) = (a.assumingMemoryBound(to: Float.self), b.pointer.assumingMemoryBound(to: Float.self))
      kernels_matmul(m, n, k, a, k, false, b, ld, isTransposed, bias, false, c, n)
    }
  }
}

extension Tensor {
  /// These weights packed for products with them; nil where the processor gains nothing by it.
  fileprivate func packed(as matrix: KernelsMatrix) -> (form: Packed, packing: KernelsPacking)? {
    var matrix = matrix
    let packing = kernels_matrix_packing(&matrix)
    guard packing.gains else { return nil }
    let block = Int(packing.columnBlock)
    let form = packed(packing.layout, size: Int(packing.size)) { numbers, to in
      let source = UncheckedSource(numbers: numbers, target: to)
      ThreadPool.runPieces(of: Int(matrix.n), size: max(block, 256 / block * block)) { piece in
        var matrix = matrix
        kernels_matrix_pack(&matrix, source.numbers, Int64(piece.lowerBound), Int64(piece.count), source.target)
      }
    }
    return (form, packing)
  }

  /// These numbers as they are laid out, in Float32 or bfloat16: where they lie if they are that already.
  func plain(isBF16: Bool) -> Packed {
    let (numbers, wanted) = (storedNumbers, isBF16 ? KERNELS_BF16 : KERNELS_F32)
    if numbers.type == wanted { return Packed(numbers.data, owner: storage) }
    let layout = KernelsLayouts.plain | UInt64(wanted.rawValue)
    // Only weights in training are read so by many: a copy of frozen ones is what small memory is spared.
    return packed(layout, size: count * (isBF16 ? 2 : 4), keeps: !storage.isFrozen) { numbers, to in
      let source = UncheckedSource(numbers: numbers, target: to)
      ThreadPool.runPieces(of: count, size: 1 << 16) { piece in
        source.convert(piece, isBF16: isBF16)
      }
    }
  }
}

/// Threads read one array and write disjoint pieces of another.
private struct UncheckedSource: @unchecked Sendable {
  let numbers: KernelsNumbers
  let target: UnsafeMutableRawPointer

  func convert(_ piece: Range<Int>, isBF16: Bool) {
    let (first, count) = (Int64(piece.lowerBound), Int64(piece.count))
    guard isBF16 else {
      return kernels_floats(numbers, first, count, target.assumingMemoryBound(to: Float.self) + piece.lowerBound)
    }
    let to = target + 2 * piece.lowerBound
    if numbers.type == KERNELS_F32 {
      kernels_bf16_from_float(count, numbers.data.assumingMemoryBound(to: Float.self) + piece.lowerBound, to)
    } else {
      let floats = Storage(count: piece.count)
      kernels_floats(numbers, first, count, floats.base)
      kernels_bf16_from_float(count, floats.base, to)
    }
  }
}
