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

  /// The dots between the ends of an axis of so many cells, whose lower end lies in the middle of the lowest cell, where its
  /// tick's sign and label are; so do multiples of a cell's four dots above it.
  static func dots(_ rows: Int) -> Int { max(rows, 1) * 4 - 2 }

  /// The least range over `extent` whose round numbers stand on rows of an axis of `rows` cells, all equally far apart.
  static func even(
    over extent: ClosedRange<Double>, rows: Int
  ) -> (range: ClosedRange<Double>, ticks: (values: [Double], decimals: Int)) {
    let dots = Double(dots(rows))
    let span = extent.upperBound - extent.lowerBound
    guard span > 0, span.isFinite else { return (extent, nice(in: extent, count: 2)) }
    var best: (low: Double, step: Double, span: Double)?
    // Between two ticks at least two rows; more where there is room for few ticks only.
    for gap in 2...max(rows / 2, 2) {
      // The first round step that reaches over the extent, counted from a multiple of it.
      let least = floor(log10(span * Double(4 * gap) / dots)) - 1
      let steps = (0..<6).flatMap { power in [1, 2, 5].map { $0 * pow(10, least + Double(power)) } }
      let reach = steps.lazy.map { step in
        (low: (extent.lowerBound / step + 1e-9).rounded(.down) * step, step: step, span: step * dots / Double(4 * gap))
      }
      guard let found = reach.first(where: { $0.low + $0.span >= extent.upperBound }) else { continue }
      if best.map({ found.span < $0.span * 0.999 }) ?? true { best = found }
    }
    guard let best else { return (extent, nice(in: extent, count: 2)) }
    let range = best.low...(best.low + best.span)
    // More are written as powers of ten.
    let decimals = min(max(0, Int(-floor(log10(best.step) + 1e-9))), 7)
    let count = Int(best.span / best.step + 1e-9)
    return (range, ((0...count).map { best.low + Double($0) * best.step }, decimals))
  }

  /// A value on an axis of logarithms, and the decimals that it is written with.
  typealias LogTick = (place: Double, value: Double, decimals: Int)

  /// The same on an axis of logarithms, over an extent of those: 1, 2 and 5 times powers of ten. Where all values lie within
  /// a factor of 1.6 the ticks are a plain axis's.
  static func logarithmic(
    over extent: ClosedRange<Double>, rows: Int
  ) -> (range: ClosedRange<Double>, ticks: [LogTick]) {
    if extent.upperBound - extent.lowerBound < 0.2 {
      let (range, ticks) = even(over: pow(10, extent.lowerBound)...pow(10, extent.upperBound), rows: rows)
      if range.lowerBound > 0 {
        let places = ticks.values.map { LogTick(log10($0), $0, ticks.decimals) }
        return (log10(range.lowerBound)...log10(range.upperBound), places)
      }
    }
    // With so many rows a decade 2 and 5 lie on rows, too, to a fifth of one; with fewer there are the powers alone.
    for rowsPerDecade in [20, 13, 10, 7, 3] {
      let height = Double(dots(rows)) / Double(4 * rowsPerDecade)
      let low = fine(extent.lowerBound - 1...extent.lowerBound + 1e-9).last?.place ?? extent.lowerBound
      let range = low...low + height
      if height >= 0.4, range.upperBound >= extent.upperBound { return (range, fine(range)) }
    }
    let (range, ticks) = even(over: extent.lowerBound.rounded(.down)...extent.upperBound, rows: rows)
    return (range, ticks.values.filter { $0 == $0.rounded() }.map { tick($0) })
  }

  private static func fine(_ range: ClosedRange<Double>) -> [LogTick] {
    let powers = Int(range.lowerBound.rounded(.down))...Int(range.upperBound.rounded(.up))
    return powers.flatMap { power in [1.0, 2, 5].map { tick(Double(power) + log10($0)) } }.filter {
      $0.place >= range.lowerBound - 1e-9 && $0.place <= range.upperBound + 1e-9
    }
  }

  private static func tick(_ place: Double) -> LogTick {
    LogTick(place, pow(10, place), min(max(0, Int(-floor(place + 1e-9))), 7))
  }
}
