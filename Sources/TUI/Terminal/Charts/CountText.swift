extension Int {
  /// Bytes as people read them: "1.71 GB", "38 MB".
  package var byteText: String {
    self >= 1_000_000_000
      ? "\((Double(self) / 1e9).text(decimals: 2)) GB" : "\((Double(self) / 1e6).text(decimals: 0)) MB"
  }

  /// With commas: "1,600".
  package var grouped: String {
    let digits = Array(String(magnitude).reversed())
    let groups = stride(from: 0, to: digits.count, by: 3).map { String(digits[$0..<Swift.min($0 + 3, digits.count)]) }
    return (self < 0 ? "−" : "") + String(groups.joined(separator: ",").reversed())
  }
}
