extension ClosedRange {
  /// What is wrong with a value that is not in the range: "1.5 is out of bounds; expected 0.0 to 1.0"; nil if it is.
  public func complaint(about value: Bound) -> String? {
    if contains(value) { return nil }
    let isOpen = upperBound as? Float == .greatestFiniteMagnitude || upperBound as? Int == .max
    return "\(value) is out of bounds; expected \(lowerBound) \(isOpen ? "or more" : "to \(upperBound)")"
  }
}
