import Kernels

/// Filters made into matrices: for Winograd's convolution one for each position of a tile, else a single one.
///
/// Made once of frozen weights; a form that belongs to no parameter is made for each use.
struct PackedFilters {
  private let matrix: KernelsMatrix
  /// nil for dense matrices.
  private let packing: KernelsPacking?
  private let form: PackedWeight
  /// Bytes from one matrix to the next.
  private let step: Int
  /// Which matrix stands for a position; nil where each stands for its own.
  private let order: [Int]?

  /// Writes some columns of all matrices as dense Float32, one matrix after another.
  typealias Write = (_ numbers: KernelsNumbers, _ columns: Range<Int>, _ to: UnsafeMutablePointer<Float>) -> Void

  /// - Parameters:
  ///   - layout: names this form among the others of the same weights.
  ///   - isPacked: for the fastest products with them, but none with their transposes.
  init(of weight: Tensor, count: Int, as matrix: KernelsMatrix, layout: PackedLayout, isPacked: Bool, write: Write) {
    var matrix = matrix
    let packing = kernels_matrix_packing(&matrix)
    let isPacked = isPacked && packing.gains
    let size = isPacked ? Int(packing.size) : Int(matrix.n * matrix.k) * matrix.numberSize
    let step = (size + 63) / 64 * 64
    (self.matrix, self.step, order) = (matrix, step, nil)
    self.packing = isPacked ? packing : nil
    form = weight.packed(layout, size: count * step) { numbers, to in
      let source = UncheckedSource(numbers: numbers, target: to)
      ThreadPool.runPieces(of: Int(matrix.n), size: isPacked ? Int(packing.columnBlock) : 64) { columns in
        let plain = Storage(count: count * columns.count * Int(matrix.k))
        write(source.numbers, columns, plain.base)
        for index in 0..<count {
          let floats = plain.base + index * columns.count * Int(matrix.k)
          if isPacked {
            let start = source.target + index * step + Int(packing.size) * columns.lowerBound / Int(matrix.n)
            pack(floats, columns: columns.count, of: matrix, to: start)
          } else {
            lay(floats, columns, of: matrix, to: source.target + index * step)
          }
        }
      }
    }
  }

  private init(_ matrix: KernelsMatrix, _ packing: KernelsPacking?, _ form: PackedWeight, step: Int, order: [Int]?) {
    (self.matrix, self.packing, self.form, self.step, self.order) = (matrix, packing, form, step, order)
  }

  /// The same memory as the transposes of dense matrices, of which number `order[i]` stands for position i.
  func transposed(order: [Int]) -> PackedFilters {
    precondition(packing == nil, "packed matrices have one direction")
    let transposed = KernelsMatrix(n: matrix.k, k: matrix.n, transposed: !matrix.transposed, bf16: matrix.bf16)
    return PackedFilters(transposed, nil, form, step: step, order: order)
  }

  /// Where a matrix of Float32 lies, packed or dense.
  func floats(_ position: Int) -> UnsafePointer<Float> {
    precondition(!matrix.bf16, "the matrix holds bfloat16")
    return (form.pointer + (order?[position] ?? position) * step).assumingMemoryBound(to: Float.self)
  }

  /// c (rows × n) = a (rows × k) · the matrix of a position, on the calling thread.
  func multiply(_ position: Int, rows: Int, _ a: UnsafeRawPointer, into c: UnsafeMutablePointer<Float>) {
    var matrix = matrix
    var a = KernelsRows(numbers: a, count: Int64(rows), packed: false, stride: 0)
    let b = form.pointer + (order?[position] ?? position) * step
    guard packing == nil else {
      return kernels_matrix_product(&matrix, &a, b, 0, matrix.n, nil, c, matrix.n)
    }
    // Some columns at a time leave the rows of B in the nearest cache; transposes are copied there in any case.
    let width = matrix.transposed ? matrix.n : 640
    let plain = KernelsNumbers(data: b, type: matrix.bf16 ? KERNELS_BF16 : KERNELS_F32)
    for first in stride(from: 0, to: matrix.n, by: Int(width)) {
      kernels_plain_product(&matrix, &a, plain, first, min(width, matrix.n - first), nil, c, matrix.n)
    }
  }
}

/// Packs dense columns as they lie in a matrix that is packed block after block.
private func pack(_ floats: UnsafePointer<Float>, columns: Int, of matrix: KernelsMatrix, to: UnsafeMutableRawPointer) {
  var block = matrix
  block.n = Int64(columns)
  kernels_matrix_pack(&block, KernelsNumbers(data: UnsafeRawPointer(floats), type: KERNELS_F32), 0, block.n, to)
}

/// Writes dense columns to where they stand in a dense matrix.
private func lay(
  _ floats: UnsafePointer<Float>, _ columns: Range<Int>, of matrix: KernelsMatrix, to: UnsafeMutableRawPointer
) {
  for row in 0..<Int(matrix.k) {
    let (from, at) = (floats + row * columns.count, row * Int(matrix.n) + columns.lowerBound)
    if matrix.bf16 {
      kernels_bf16_from_float(Int64(columns.count), from, to + 2 * at)
    } else {
      (to + 4 * at).assumingMemoryBound(to: Float.self).update(from: from, count: columns.count)
    }
  }
}

extension KernelsMatrix {
  fileprivate var numberSize: Int { bf16 ? 2 : 4 }
}
