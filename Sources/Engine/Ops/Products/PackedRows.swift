import Kernels

/// Rows of floats and their bfloat16 copies, made where and when they are needed.
struct BF16Rows {
  private let floats: UnsafePointer<Float>
  private let rounded: Storage
  private let rows: Int
  private let width: Int

  init(_ floats: UnsafePointer<Float>, rows: Int, width: Int) {
    (self.floats, self.rows, self.width) = (floats, rows, width)
    rounded = Storage(count: (rows * width + 1) / 2)
  }

  /// The copy of a row; meaningless before it is converted.
  func pointer(_ row: Int = 0) -> UnsafeRawPointer { UnsafeRawPointer(rounded.base) + 2 * row * width }

  func convert(_ rows: Range<Int>) {
    kernels_bf16_from_float(
      Int64(rows.count * width), floats + rows.lowerBound * width,
      UnsafeMutableRawPointer(rounded.base) + 2 * rows.lowerBound * width)
  }

  /// All rows, on all threads.
  func convertAll() {
    ThreadPool.runPieces(of: rows, size: max(1, 16_384 / max(1, width))) { convert($0) }
  }
}

/// The left side of a product that is cut by columns, packed once for all pieces; each would do it again for itself.
struct PackedRows {
  private let memory: Storage
  private let rowSize: Int
  private let pieceSize: Int

  /// Nil where pieces share no rows, and where packing gains nothing.
  init?(_ a: UnsafePointer<Float>, plan: GemmPlan, inner: Int) {
    rowSize = plan.piece(0).rows.count
    pieceSize = Int(kernels_rows_packing(Int64(rowSize), Int64(inner)))
    guard plan.columnPieces > 1 && pieceSize > 0 else { return nil }
    memory = Storage(count: plan.rowPieces * pieceSize)
    let part = 8 * GemmBackend.tileRows
    let (partsOfPiece, memory, pieceSize) = ((rowSize + part - 1) / part, memory, pieceSize)
    ThreadPool.run(plan.rowPieces * partsOfPiece) { index in
      let (piece, number) = index.quotientAndRemainder(dividingBy: partsOfPiece)
      let rows = plan.piece(piece).rows
      let count = min(part, rows.count - number * part)
      guard count > 0 else { return }
      kernels_rows_pack(
        Int64(rows.count), Int64(inner), a + rows.lowerBound * inner, Int64(number * part), Int64(count),
        memory.base + piece * pieceSize)
    }
  }

  /// The rows of a piece, by its first one.
  func pointer(_ row: Int) -> UnsafeRawPointer { UnsafeRawPointer(memory.base + row / rowSize * pieceSize) }
}
