import Foundation

/// The learning rate at each optimizer step, counted from 0.
public enum LearningRateSchedule: Equatable, Sendable {
  case constant(Double)
  /// Up from 0 in a line over `warmup` steps, then down to 0 at step `total` along half a cosine.
  ///
  /// Source: transformers `get_cosine_schedule_with_warmup`. The very first step has rate 0 where there is a warm-up.
  case cosine(peak: Double, warmup: Int, total: Int)

  public func rate(at step: Int) -> Float {
    switch self {
    case .constant(let rate): return Float(rate)
    case .cosine(let peak, let warmup, let total):
      if step < warmup { return Float(peak * Double(step) / Double(max(1, warmup))) }
      let progress = Double(step - warmup) / Double(max(1, total - warmup))
      return Float(max(0, 0.5 * peak * (1 + cos(.pi * min(1, progress)))))
    }
  }
}
