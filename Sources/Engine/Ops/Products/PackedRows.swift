import Kernels

/// The left side of a product that is cut by columns, packed once for all pieces; each would do it again for itself.
struct PackedRows {
  private let memory: Storage
  private let rowSize: Int
  private let pieceSize: Int

  /// Nil where pieces share no rows, and where the processor's products read rows as they are.
  init?(_ a: UnsafePointer<Float>, cut: ProductCut, inner: Int) {
    rowSize = cut.piece(0).rows.count
    pieceSize = Int(kernels_rows_packing(Int64(rowSize), Int64(inner)))
    guard cut.columnPieces > 1 && pieceSize > 0 else { return nil }
    memory = Storage(count: cut.rowPieces * pieceSize)
    let (part, partsOfPiece, memory, pieceSize) = (48, (rowSize + 47) / 48, memory, pieceSize)
    ThreadPool.run(cut.rowPieces * partsOfPiece) { index in
      let (piece, number) = index.quotientAndRemainder(dividingBy: partsOfPiece)
      let rows = cut.piece(piece).rows
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
