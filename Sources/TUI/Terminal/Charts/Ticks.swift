import Glibc

/// Round numbers for an axis.
enum Ticks {
  /// About `count` multiples of 1, 2 or 5 times a power of ten inside `range`, and how to write them.
  static func nice(in range: ClosedRange<Double>, count: Int) -> (values: [Double], decimals: Int) {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite, count > 0 else { return ([range.lowerBound], 0) }
    let rough = span / Double(count)
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5].first { power * $0 >= rough } ?? 10)
    let decimals = max(0, Int(-floor(log10(step) + 1e-9)))
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    guard last >= first else { return ([range.lowerBound], decimals) }
    return ((0...Int(last - first)).map { (first + Double($0)) * step }, decimals)
  }
}
