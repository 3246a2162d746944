import Kernels

/// dW (O, I) = dyᵀ·x, where x is (rows, I) and dy (rows, O).
///
/// Cut by rows of dW, and where there are many, by the rows of x and dy into two parts, whose sums are added: a thread
/// that has a part reads the rows that it computed in the ops before, from its own cache. All by shape alone.
struct WeightGradient {
  private let rows: Int
  private let outputs: Int
  private let inputs: Int
  private let isBF16: Bool
  private let parts: Int

  /// - Parameter shape: that of dW, (O, I).
  init(rows: Int, shape: Shape, _ arithmetic: ArithmeticPolicy) {
    (self.rows, outputs, inputs, isBF16) = (rows, shape[0], shape[1], arithmetic.multipliesBF16)
    // A second sum costs three passes over dW: little beside many rows.
    parts = rows >= 1024 && !shape.isLarge ? 2 : 1
  }

  func run(_ x: UnsafePointer<Float>, arriving dy: UnsafePointer<Float>, into dw: UnsafeMutablePointer<Float>) {
    let sums = parts > 1 ? Storage(count: (parts - 1) * outputs * inputs) : nil
    let factors = Factors(self, x, dy)
    let size = pieceSize(isPacked: factors.packed != nil)
    let across = (outputs + size - 1) / size
    ThreadPool.run(parts * across) { index in
      let (part, piece) = index.quotientAndRemainder(dividingBy: across)
      let target = part == 0 ? dw : sums!.base + (part - 1) * outputs * inputs
      multiply(factors, part, piece * size..<min(outputs, (piece + 1) * size), into: target)
    }
    guard let sums else { return }
    ThreadPool.runElements(outputs * inputs) { start, count in
      for part in 1..<parts { kernels_axpy(count, 1, sums.base + (part - 1) * outputs * inputs + start, dw + start) }
    }
  }

  /// Rows of dW that are computed in one piece.
  private func pieceSize(isPacked: Bool) -> Int {
    if GemmPlan.leavesWhole(isBF16: isBF16) { return outputs }
    let tiles = 8 * GemmBackend.tileRows
    return isPacked ? (outputs * parts / 8 + tiles - 1) / tiles * tiles : ThreadPool.pieceSize(outputs, least: 64)
  }

  /// Rows of x and dy that are summed in one go.
  private func rows(of part: Int) -> Range<Int> { rows * part / parts..<rows * (part + 1) / parts }

  /// Some rows of dW from one part's rows of x and dy.
  private func multiply(
    _ factors: Factors, _ part: Int, _ piece: Range<Int>, into sum: UnsafeMutablePointer<Float>
  ) {
    let (rows, target) = (rows(of: part), sum + piece.lowerBound * inputs)
    let dy = factors.dy(rows.lowerBound) + piece.lowerBound * factors.bytes
    if let packed = factors.packed {
      var matrix = packed.matrices[part]
      var columns = KernelsRows(numbers: dy, count: Int64(piece.count), packed: false, stride: Int64(outputs))
      kernels_matrix_product(&matrix, &columns, packed.pointer(part), 0, matrix.n, nil, target, matrix.n)
      return
    }
    var product = KernelsProduct()
    (product.m, product.n, product.k) = (Int64(piece.count), Int64(inputs), Int64(rows.count))
    (product.a, product.lda, product.transposeA) = (dy, Int64(outputs), true)
    (product.b, product.ldb) = (factors.x(rows.lowerBound), Int64(inputs))
    product.bType = isBF16 ? KERNELS_BF16 : KERNELS_F32
    (product.c, product.ldc) = (target, Int64(inputs))
    kernels_matmul(&product)
  }
}

extension WeightGradient {
  /// x and dy as the products read them: as they lie, rounded to bfloat16, or x packed.
  private struct Factors {
    private let floats: (x: UnsafePointer<Float>, dy: UnsafePointer<Float>)
    private let rounded: (x: BF16Rows, dy: BF16Rows)?
    private let widths: (x: Int, dy: Int)
    let packed: PackedParts?

    init(_ gradient: WeightGradient, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>) {
      let (rows, inputs, outputs) = (gradient.rows, gradient.inputs, gradient.outputs)
      (floats, widths) = ((x, dy), (inputs, outputs))
      rounded =
        gradient.isBF16
        ? (BF16Rows(x, rows: rows, width: inputs), BF16Rows(dy, rows: rows, width: outputs)) : nil
      rounded?.x.convertAll()
      rounded?.dy.convertAll()
      // Our own products would read x anew for each piece.
      let isWorthPacking = rounded == nil && GemmBackend.isOwn && !GemmPlan.leavesWhole() && outputs > 64
      packed = isWorthPacking ? PackedParts(gradient, x) : nil
    }

    var bytes: Int { rounded == nil ? 4 : 2 }
    func x(_ row: Int) -> UnsafeRawPointer {
      rounded?.x.pointer(row) ?? UnsafeRawPointer(floats.x + row * widths.x)
    }
    func dy(_ row: Int) -> UnsafeRawPointer {
      rounded?.dy.pointer(row) ?? UnsafeRawPointer(floats.dy + row * widths.dy)
    }
  }

  /// Each part's rows of x as the right side of several products.
  private struct PackedParts {
    let matrices: [KernelsMatrix]
    private let numbers: Storage
    private let size: Int

    init(_ gradient: WeightGradient, _ x: UnsafePointer<Float>) {
      let (inputs, parts) = (gradient.inputs, gradient.parts)
      matrices = (0..<parts).map {
        KernelsMatrix(n: Int64(inputs), k: Int64(gradient.rows(of: $0).count), transposed: false, bf16: false)
      }
      let packings = matrices.map { matrix in
        var matrix = matrix
        return kernels_matrix_packing(&matrix)
      }
      let size = Int(packings.map(\.size).max()!) / 4
      let (matrices, numbers) = (matrices, Storage(count: parts * size))
      let block = max(Int(packings[0].columnBlock), 128)
      let across = (inputs + block - 1) / block
      ThreadPool.run(parts * across) { index in
        let (part, piece) = index.quotientAndRemainder(dividingBy: across)
        let (first, source) = (piece * block, x + gradient.rows(of: part).lowerBound * inputs)
        var matrix = matrices[part]
        kernels_matrix_pack(
          &matrix, KernelsNumbers(data: source, type: KERNELS_F32), Int64(first), Int64(min(block, inputs - first)),
          numbers.base + part * size)
      }
      (self.numbers, self.size) = (numbers, size)
    }

    func pointer(_ part: Int) -> UnsafeRawPointer { UnsafeRawPointer(numbers.base + part * size) }
  }
}
