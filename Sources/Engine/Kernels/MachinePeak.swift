import Kernels

/// The most that this machine can do, measured now: multiply-adds on registers alone, on all threads of the pool.
///
/// Taken before and after a sample it says what the sample could have reached on a machine that others use too.
public enum MachinePeak {
  public enum Precision: String, Codable, Sendable { case f32, bf16 }

  /// 10⁹ floating-point operations a second, a multiply-add counting as two; nil where this processor has no
  /// instruction for the precision. Takes about two milliseconds.
  public static func measure(_ precision: Precision = .f32) -> Double? {
    // The first run wakes the pool's threads.
    _ = run(precision, items: 4 * ThreadPool.threads)
    let clock = ContinuousClock()
    let begin = clock.now
    let operations = run(precision, items: 32 * ThreadPool.threads)
    let seconds = (clock.now - begin) / .seconds(1)
    return operations > 0 ? Double(operations) / seconds / 1e9 : nil
  }

  /// Many short items, so that a thread which has to share its core does less and holds up nobody.
  private static func run(_ precision: Precision, items: Int) -> Int64 {
    let kernel = precision == .f32 ? KERNELS_F32 : KERNELS_BF16
    let one = kernels_probe(kernel, 1)
    ThreadPool.run(items) { _ in _ = kernels_probe(kernel, 12_000) }
    return one * 12_000 * Int64(items)
  }
}
