import Engine
import Foundation
import Testing

/// How far apart two tensors may be.
package enum Tolerance {
  /// ‖a − b‖ ≤ x·‖b‖, over the whole tensor.
  case relative(Double)
  /// The same bits.
  case exact
}

/// Fails when shapes differ or numbers are further apart than `tolerance`; says where they differ most.
package func expect(
  _ actual: Tensor, equals expected: Tensor, within tolerance: Tolerance, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let prefix = what.isEmpty ? "" : what + ": "
  guard actual.shape == expected.shape else {
    Issue.record("\(prefix)shape \(actual.shape), expected \(expected.shape)", sourceLocation: sourceLocation)
    return
  }
  switch tolerance {
  case .exact:
    guard !haveSameBits(actual, expected) else { return }
    Issue.record("\(prefix)not the same bits; \(worstDifference(actual, expected))", sourceLocation: sourceLocation)
  case .relative(let limit):
    let error = relativeError(actual, expected)
    let message: Comment = "\(prefix)relative error \(error), allowed \(limit); \(worstDifference(actual, expected))"
    // Written so that NaN fails.
    #expect(error <= limit, message, sourceLocation: sourceLocation)
  }
}

private func haveSameBits(_ a: Tensor, _ b: Tensor) -> Bool {
  a.withUnsafeValues { a in b.withUnsafeValues { b in memcmp(a.baseAddress!, b.baseAddress!, 4 * a.count) == 0 } }
}

/// ‖a − b‖ / ‖b‖ over the whole tensor; ‖a‖ where b is zero.
package func relativeError(_ a: Tensor, _ b: Tensor) -> Double {
  var difference = 0.0
  var length = 0.0
  for (x, y) in zip(a.values, b.values) {
    difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
    length += Double(y) * Double(y)
  }
  return length == 0 ? difference.squareRoot() : (difference / length).squareRoot()
}

private func worstDifference(_ actual: Tensor, _ expected: Tensor) -> String {
  let (a, b) = (actual.values, expected.values)
  // A NaN is worse than any number.
  let distance = { (i: Int) in abs(a[i] - b[i]).isNaN ? Float.infinity : abs(a[i] - b[i]) }
  guard let worst = a.indices.max(by: { distance($0) < distance($1) }) else { return "no entries" }
  var place: [Int] = []
  var rest = worst
  for size in actual.shape.dims.reversed() {
    place.insert(rest % size, at: 0)
    rest /= size
  }
  return "worst at \(place) of \(actual.shape): \(a[worst]), expected \(b[worst])"
}
