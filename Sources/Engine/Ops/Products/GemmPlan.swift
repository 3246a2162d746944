/// How a matrix product is cut for the pool: by its shape alone, so that any number of threads gives the same bits. Our
/// own products have the same bits however they are cut (`GemmBackend`), and are left whole for a thread that is
/// alone: each piece would read the right side again.
///
/// Pieces are large enough for the kernels to be at their best, small enough that two threads, or eight, share them
/// evenly. Many rows are cut into about 256 each; few rows leave the columns to be cut, if the right side allows it.
struct GemmPlan {
  let rows: Int
  let columns: Int
  let rowPieces: Int
  let columnPieces: Int
  private let rowSize: Int
  private let columnSize: Int

  /// Below this many operations a piece is not worth handing out: some 10 µs.
  private static let leastOperations = 2_000_000

  /// Whether products of factors in this precision are our own, and their thread is alone.
  static func leavesWhole(isBF16: Bool = false) -> Bool {
    ThreadPool.threads == 1 && GemmBackend.isOwn(isBF16: isBF16)
  }

  /// - Parameter columnBlock: columns are cut at multiples of it.
  init(rows: Int, columns: Int, inner: Int, columnBlock: Int, isBF16: Bool = false) {
    (self.rows, self.columns) = (rows, columns)
    if GemmPlan.leavesWhole(isBF16: isBF16) {
      (rowPieces, columnPieces, rowSize, columnSize) = (1, 1, rows, columns)
      return
    }
    let worthwhile = max(1, 2 * rows * columns * inner / GemmPlan.leastOperations)
    let blocks = (columns + columnBlock - 1) / max(1, columnBlock)
    // Rows that stay together when their columns can be handed out instead.
    let together = blocks > 1 ? 256 : max(32, (rows / 8 + 15) / 16 * 16)
    let rowCuts = min(max(1, (rows + together / 2) / together), worthwhile)
    let tile = GemmBackend.tileRows
    rowSize = max(1, ((rows + rowCuts - 1) / rowCuts + tile - 1) / tile * tile)
    rowPieces = (rows + rowSize - 1) / rowSize
    let columnCuts = min(blocks, max(1, 8 / max(1, rowPieces)), max(1, worthwhile / max(1, rowPieces)))
    columnSize = (blocks + columnCuts - 1) / columnCuts * columnBlock
    columnPieces = (columns + columnSize - 1) / max(1, columnSize)
  }

  func piece(_ index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let (column, row) = index.quotientAndRemainder(dividingBy: rowPieces)
    return (
      row * rowSize..<min(rows, (row + 1) * rowSize), column * columnSize..<min(columns, (column + 1) * columnSize)
    )
  }
}
