import Glibc

/// Numbers as people read them, the same in every locale, with a true minus sign.
extension Double {
  /// With so many decimals; very large and very small ones as "1.2e9".
  package func text(decimals: Int) -> String {
    guard isFinite else { return isNaN ? "NaN" : self < 0 ? "−∞" : "∞" }
    if abs(self) >= 1e7 || (decimals > 6 && self != 0) { return scientific }
    let scale = pow(10, Double(decimals))
    let scaled = (abs(self) * scale).rounded()
    let whole = String(Int(scaled) / Int(scale))
    let sign = self < 0 && scaled > 0 ? "−" : ""
    if decimals == 0 { return sign + whole }
    let rest = String(Int(scaled) % Int(scale))
    return sign + whole + "." + String(repeating: "0", count: decimals - rest.count) + rest
  }

  /// Two figures and a power of ten: "3.0e−4".
  package var scientific: String {
    guard isFinite, self != 0 else { return text(decimals: 0) }
    var power = floor(log10(abs(self)))
    var figures = abs(self) / pow(10, power)
    if figures >= 9.95 { (figures, power) = (figures / 10, power + 1) }
    let exponent = power < 0 ? "−\(Int(-power))" : "\(Int(power))"
    return (self < 0 ? "−" : "") + figures.text(decimals: 1) + "e" + exponent
  }

  /// So many figures that count: 0.0763, 1.24, 118.
  package func text(figures: Int) -> String {
    guard isFinite, self != 0 else { return text(decimals: 0) }
    let power = Int(floor(log10(abs(self))))
    if power < -4 { return scientific }
    return text(decimals: max(0, figures - 1 - power))
  }

  /// A part of one in hundredths, without the sign: 0.352 is "35.2".
  package func percent(decimals: Int) -> String { (self * 100).text(decimals: decimals) }

  /// Always with its sign: "+4.6", "−1.2".
  package func signed(decimals: Int) -> String {
    let text = text(decimals: decimals)
    return text.hasPrefix("−") || !isFinite ? text : "+" + text
  }

  /// Seconds as "0:42", "12:05" or "1:02:14".
  package var clockTime: String {
    guard isFinite, self >= 0, self < 1e9 else { return "–" }
    let seconds = Int(rounded())
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    let two = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}
