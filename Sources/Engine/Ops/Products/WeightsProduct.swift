import Kernels

/// C (rows × columns) = A (rows × inner) · B, where B is Wᵀ or W of a layer's weights W (O, I).
///
/// Small frozen weights are packed once for each direction; on our own kernels trained ones too, after each update. Large
/// ones, which gain less by it than the memory is worth, are read where they lie in both, as trained ones are where the
/// optimizer writes them. Where products are taken in bfloat16, they read a copy that is made once, of trained weights once after
/// each update, and where memory is short for each block of a model anew.
struct WeightsProduct {
  private let rows: Int
  private let matrix: KernelsMatrix
  private let right: Right
  /// Columns are shared out in blocks of this size.
  private let columnBlock: Int

  private enum Right {
    case dense(DenseWeight)
    case packed(PackedWeight)
  }

  init(rows: Int, weight: Tensor, isTransposed: Bool, arithmetic: ArithmeticPolicy) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    self.rows = rows
    let (columns, inner) = isTransposed ? (outputs, inputs) : (inputs, outputs)
    let isBF16 = weight.storage.isFrozen ? arithmetic.keepsBF16 : arithmetic.multipliesBF16
    matrix = KernelsMatrix(n: Int64(columns), k: Int64(inner), transposed: isTransposed, bf16: isBF16)
    // Our own products would read a plain weight anew for each piece of many rows.
    let isWorthPacking = weight.storage.isFrozen || GemmBackend.isOwn(isBF16: isBF16) && rows >= 512
    let isPacked = isWorthPacking && arithmetic.memory == .fast && !weight.shape.isLarge
    if isPacked, let packed = weight.packed(as: matrix) {
      (right, columnBlock) = (.packed(packed.form), Int(packed.packing.columnBlock))
    } else {
      right = .dense(weight.dense(isBF16: isBF16, arithmetic.memory))
      // Thin products of large weights take all rows at once, or the weights would be read again for each few.
      columnBlock = weight.shape.isLarge ? 64 : columns
    }
  }

  private var columns: Int { Int(matrix.n) }
  private var inner: Int { Int(matrix.k) }

  func run(
    _ a: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil, into c: UnsafeMutablePointer<Float>
  ) {
    let plan = GemmPlan(
      rows: rows, columns: columns, inner: inner, columnBlock: columnBlock, isBF16: matrix.bf16)
    let rounded = matrix.bf16 && ArithmeticPolicy.hasBF16 ? BF16Rows(a, rows: rows, width: inner) : nil
    // Pieces of the same rows would convert them several times.
    if plan.columnPieces > 1 { rounded?.convertAll() }
    let packed = rounded == nil ? PackedRows(a, plan: plan, inner: inner) : nil
    ThreadPool.run(plan.rowPieces * plan.columnPieces) { piece in
      let (rows, columns) = plan.piece(piece)
      if plan.columnPieces == 1 { rounded?.convert(rows) }
      let numbers =
        rounded?.pointer(rows.lowerBound) ?? packed?.pointer(rows.lowerBound)
        ?? UnsafeRawPointer(a + rows.lowerBound * inner)
      multiply(
        KernelsRows(numbers: numbers, count: Int64(rows.count), packed: packed != nil, stride: 0), columns, bias: bias,
        into: c + rows.lowerBound * self.columns)
    }
    if case .dense(let weight) = right { weight.finish() }
  }

  private func multiply(
    _ rows: KernelsRows, _ piece: Range<Int>, bias: UnsafePointer<Float>?, into c: UnsafeMutablePointer<Float>
  ) {
    var (a, matrix) = (rows, matrix)
    let (first, count) = (Int64(piece.lowerBound), Int64(piece.count))
    switch right {
    case .packed(let b): kernels_matrix_product(&matrix, &a, b.pointer, first, count, bias, c, matrix.n)
    case .dense(let b): kernels_plain_product(&matrix, &a, b.numbers, first, count, bias, c, matrix.n)
    }
  }
}

extension Shape {
  /// Whether weights of this shape are so many that a second copy of them counts: a quarter of a million numbers.
  var isLarge: Bool { count >= 1 << 18 }
}

extension Tensor {
  /// These weights packed for products with them; nil where the processor gains nothing by it.
  fileprivate func packed(as matrix: KernelsMatrix) -> (form: PackedWeight, packing: KernelsPacking)? {
    var matrix = matrix
    let packing = kernels_matrix_packing(&matrix)
    guard packing.gains else { return nil }
    let block = Int(packing.columnBlock)
    let form = packed(matrix.layout, size: Int(packing.size)) { numbers, to in
      let source = UncheckedSource(numbers: numbers, target: to)
      ThreadPool.runPieces(of: Int(matrix.n), size: max(block, 256 / block * block)) { piece in
        var matrix = matrix
        kernels_matrix_pack(&matrix, source.numbers, Int64(piece.lowerBound), Int64(piece.count), source.target)
      }
    }
    return (form, packing)
  }

  /// These numbers as they are laid out: where they lie, or where products do not read that, a copy in Float32 or
  /// bfloat16. Where memory is short, the pages of a file that were read are given back.
  fileprivate func dense(isBF16: Bool, _ memory: MemoryUse) -> DenseWeight {
    let (numbers, wanted) = (storedNumbers, isBF16 ? KERNELS_BF16 : KERNELS_F32)
    let is16Bit = numbers.type != KERNELS_F32
    // A copy in bfloat16 of what is Float32 is worth its making only if it is kept.
    let isReadInPlace = GemmBackend.isOwn(isBF16: isBF16) && (is16Bit || !isBF16 || memory == .small)
    if numbers.type == wanted || isReadInPlace {
      let isFile = storage.stored != nil && !storage.ownsFloats
      return DenseWeight(
        numbers: numbers, owner: storage, file: isFile && memory == .small && shape.isLarge ? storage.stored : nil)
    }
    let copy = packed(.dense(isBF16: isBF16), size: count * (isBF16 ? 2 : 4), keeps: memory == .fast) { numbers, to in
      let source = UncheckedSource(numbers: numbers, target: to)
      ThreadPool.runPieces(of: count, size: 1 << 16) { piece in
        source.convert(piece, isBF16: isBF16)
      }
    }
    return DenseWeight(numbers: KernelsNumbers(data: copy.pointer, type: wanted), owner: copy.owner, file: nil)
  }
}

/// Weights in the order in which they are stored; they stay while this value lives.
private struct DenseWeight {
  let numbers: KernelsNumbers
  let owner: AnyObject
  /// The file whose pages are given back when they have been read.
  let file: StoredTensor?

  /// The product is done.
  func finish() { withExtendedLifetime(owner) { file?.dropPages() } }
}

extension KernelsMatrix {
  fileprivate var layout: PackedLayout {
    .matrix(columns: Int(n), inner: Int(k), isTransposed: transposed, isBF16: bf16)
  }
}

/// Threads read one array and write disjoint pieces of another.
struct UncheckedSource: @unchecked Sendable {
  let numbers: KernelsNumbers
  let target: UnsafeMutableRawPointer

  fileprivate func convert(_ piece: Range<Int>, isBF16: Bool) {
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
