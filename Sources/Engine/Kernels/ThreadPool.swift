import Kernels

/// The one pool of threads that all arithmetic shares.
///
/// Work is cut by its shape alone, never by the number of threads, so that the same sums are taken in the same order
/// on any machine: same seed, same bits. Only what has the same bits however it is cut, as our own products have, may be
/// left whole for a single thread.
public enum ThreadPool {
  public static var threads: Int { Int(kernels_threads()) }

  /// How many threads, the caller included, work from now on.
  public static func setThreads(_ count: Int) { kernels_set_threads(Int32(count)) }

  /// Keeps signals away from the calling thread and those it starts, whose stacks cannot bear handlers while they
  /// multiply. The pool's threads are shielded; any other that computes has to be.
  public static func shieldThread() { kernels_shield_thread() }

  /// Runs body(0) … body(count − 1) on all threads; returns when all are done.
  public static func run(_ count: Int, _ body: (Int) -> Void) {
    if count == 1 { return body(0) }
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) { pointer in
        kernels_parallel(
          Int64(count),
          { context, index in context!.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(index)) },
          pointer)
      }
    }
  }

  /// Cuts 0 ..< count into pieces of `size` (the last may be shorter) and runs them.
  static func runPieces(of count: Int, size: Int, _ body: (Range<Int>) -> Void) {
    let pieces = (count + size - 1) / size
    run(pieces) { piece in body(piece * size..<min(count, (piece + 1) * size)) }
  }

  /// Elementwise work: pieces large enough that handing them out costs nothing.
  static func runElements(_ count: Int, _ body: (Int, Int64) -> Void) {
    runPieces(of: count, size: 16_384) { body($0.lowerBound, Int64($0.count)) }
  }

  /// A piece of `rows`: about an eighth of them, at least `least`, so that a few threads share them evenly.
  static func pieceSize(_ rows: Int, least: Int) -> Int { max(least, ((rows + 7) / 8 + 15) / 16 * 16) }
}
