import Kernels

/// What a convolution multiplies by: matrices of one size made of its filters, each packed for the kernels.
///
/// Made once of frozen weights; a form that belongs to no parameter is made for each use.
struct FilterMatrices {
  private let matrix: KernelsMatrix
  private let packing: KernelsPacking
  private let form: Packed
  /// Bytes from one matrix to the next.
  private let step: Int

  /// - Parameters:
  ///   - name: tells this form from the others of the same weights.
  ///   - write: writes some columns of all matrices as dense Float32, one matrix after another.
  init(
    of weight: Tensor, count: Int, as matrix: KernelsMatrix, name: UInt64, keeps: Bool,
    write: (_ numbers: KernelsNumbers, _ columns: Range<Int>, _ to: UnsafeMutablePointer<Float>) -> Void
  ) {
    var matrix = matrix
    let packing = kernels_matrix_packing(&matrix)
    (self.matrix, self.packing) = (matrix, packing)
    let step = packing.gains ? (Int(packing.size) + 63) / 64 * 64 : 4 * Int(matrix.n * matrix.k)
    self.step = step
    form = weight.packed(KernelsLayouts.filters | name, size: count * step, keeps: keeps) { numbers, to in
      guard packing.gains else {
        return write(numbers, 0..<Int(matrix.n), to.assumingMemoryBound(to: Float.self))
      }
      let work = UncheckedWork(numbers: numbers, to: to)
      ThreadPool.runPieces(of: Int(matrix.n), size: Int(packing.columnBlock)) { columns in
        let plain = OwnedBytes(count: 4 * count * columns.count * Int(matrix.k))
        guard let floats = plain.bytes.assumingMemoryBound(to: Float.self).baseAddress else { return }
        write(work.numbers, columns, floats)
        for index in 0..<count {
          let start = work.to + index * step + Int(packing.size) * columns.lowerBound / Int(matrix.n)
          pack(floats + index * columns.count * Int(matrix.k), columns: columns.count, of: matrix, to: start)
        }
      }
    }
  }

  /// Columns are shared out in blocks of so many.
  var columnBlock: Int { packing.gains ? Int(packing.columnBlock) : 1 }

  /// Some columns of c (rows × n) = a (rows × k) · matrix `index` [+ bias], on the calling thread.
  func multiply(
    _ index: Int, rows: Int, _ a: UnsafeRawPointer, columns: Range<Int>? = nil, bias: UnsafePointer<Float>? = nil,
    into c: UnsafeMutablePointer<Float>
  ) {
    var matrix = matrix
    let (m, n, k) = (Int64(rows), matrix.n, matrix.k)
    let (first, count) = (Int64(columns?.lowerBound ?? 0), columns.map { Int64($0.count) } ?? n)
    let b = form.pointer + index * step
    if packing.gains {
      kernels_matrix_product(&matrix, m, a, b, first, count, bias, c, n)
    } else {
      let floats = b.assumingMemoryBound(to: Float.self) + Int(matrix.transposed ? first * k : first)
      kernels_matmul(
        m, count, k, a.assumingMemoryBound(to: Float.self), k, false, floats, matrix.transposed ? k : n,
        matrix.transposed, bias.map { $0 + Int(first) }, false, c + Int(first), n)
    }
  }
}

/// Packs dense columns as they lie in a matrix that is packed block after block.
private func pack(_ floats: UnsafePointer<Float>, columns: Int, of matrix: KernelsMatrix, to: UnsafeMutableRawPointer) {
  var block = matrix
  block.n = Int64(columns)
  kernels_matrix_pack(&block, KernelsNumbers(data: UnsafeRawPointer(floats), type: KERNELS_F32), 0, block.n, to)
}

/// Threads read one array and write disjoint pieces of another.
private struct UncheckedWork: @unchecked Sendable {
  let numbers: KernelsNumbers
  let to: UnsafeMutableRawPointer
}

extension KernelsLayouts {
  /// Filters made into matrices.
  static let filters: UInt64 = 3 << 62
}
