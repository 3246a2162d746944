import Kernels

/// Rows of floats and their bfloat16 copies, made where and when they are needed.
struct HalfRows {
  private let floats: UnsafePointer<Float>
  private let halves: Storage
  private let rows: Int
  private let width: Int

  init(_ floats: UnsafePointer<Float>, rows: Int, width: Int) {
    (self.floats, self.rows, self.width) = (floats, rows, width)
    halves = Storage(count: (rows * width + 1) / 2)
  }

  /// The copy of a row; meaningless before it is converted.
  func pointer(_ row: Int = 0) -> UnsafeRawPointer { UnsafeRawPointer(halves.base) + 2 * row * width }

  func convert(_ rows: Range<Int>) {
    kernels_bf16_from_float(
      Int64(rows.count * width), floats + rows.lowerBound * width,
      UnsafeMutableRawPointer(halves.base) + 2 * rows.lowerBound * width)
  }

  /// All rows, on all threads.
  func convertAll() {
    ThreadPool.runPieces(of: rows, size: max(1, 16_384 / max(1, width))) { convert($0) }
  }
}
