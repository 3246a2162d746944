import Kernels

/// The most that this machine can do, measured now: multiply-adds on registers alone, on all threads of the pool.
///
/// Taken before and after a sample it says what the sample could have reached at the clock of that moment.
public enum MachinePeak {
  public enum Precision: String, Codable, Sendable { case f32, bf16 }

  /// 10⁹ floating-point operations a second, a multiply-add counting as two; nil where this processor has no
  /// instruction for the precision.
  ///
  /// The best of eight windows of half a millisecond: most of them miss the moments in which others had the cores, which
  /// are no property of the machine.
  public static func measure(_ precision: Precision = .f32) -> Double? {
    // The first run wakes the pool's threads.
    let rates = (0...8).map { _ in rate(precision) }.dropFirst()
    return rates.max().flatMap { $0 > 0 ? $0 : nil }
  }

  private static func rate(_ precision: Precision) -> Double {
    let begin = ContinuousClock.now
    let operations = run(precision, items: 8 * ThreadPool.threads)
    return Double(operations) / ((ContinuousClock.now - begin) / .seconds(1)) / 1e9
  }

  /// Many short items, so that a thread which has to share its core does fewer of them.
  private static func run(_ precision: Precision, items: Int) -> Int64 {
    let kernel = precision == .f32 ? KERNELS_F32 : KERNELS_BF16
    let one = kernels_probe(kernel, 1)
    ThreadPool.run(items) { _ in _ = kernels_probe(kernel, 12_000) }
    return one * 12_000 * Int64(items)
  }
}
