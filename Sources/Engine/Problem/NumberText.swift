import Glibc

/// Numbers as people read them: the same in every locale, with a true minus sign.
///
/// The only place where numbers become text for people; JSON keeps them as they are.
extension Double {
  /// With `decimals` decimals; from 10⁷ on in scientific notation: "1.2e9".
  public func text(decimals: Int) -> String {
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
  public var scientific: String {
    guard isFinite, self != 0 else { return text(decimals: 0) }
    var power = floor(log10(abs(self)))
    var figures = abs(self) / pow(10, power)
    if figures >= 9.95 { (figures, power) = (figures / 10, power + 1) }
    let exponent = power < 0 ? "−\(Int(-power))" : "\(Int(power))"
    return (self < 0 ? "−" : "") + figures.text(decimals: 1) + "e" + exponent
  }

  /// With `figures` significant figures: 0.0763, 1.24, 118.
  public func text(figures: Int) -> String {
    guard isFinite, self != 0 else { return text(decimals: 0) }
    var power = Int(floor(log10(abs(self))))
    // 9.996 has its three figures as 10.0.
    if (abs(self) * pow(10, Double(figures - 1 - power))).rounded() >= pow(10, Double(figures)) { power += 1 }
    if power < -4 { return scientific }
    return text(decimals: max(0, figures - 1 - power))
  }

  /// A part of one in hundredths, without the percent sign: 0.352 is "35.2".
  public func percent(decimals: Int) -> String { (self * 100).text(decimals: decimals) }

  /// Always with its sign: "+4.6", "−1.2"; what rounds to zero is "+0.0".
  public func signed(decimals: Int) -> String {
    let text = text(decimals: decimals)
    return text.hasPrefix("−") || !isFinite ? text : "+" + text
  }

  /// A p-value: "0.0016", "< 0.0001". For table cells; `pText` is for sentences.
  public var probability: String { self < 0.0001 ? "< 0.0001" : text(figures: 2) }

  /// A p-value with its letter: "p 0.0016", "p < 0.0001".
  public var pText: String { "p \(probability)" }

  /// A span of seconds: "45.6 µs", "12.3 ms", "8.21 s", "4 min 12 s", "3 h 5 min", "2 days 11 h"; "–" if unknown.
  public var durationText: String {
    guard isFinite, self >= 0, self < 1e15 else { return "–" }
    func span(_ seconds: Int, _ small: String, _ perLarge: Int, _ large: String) -> String {
      let (count, rest) = (Int(rounded()) / seconds).quotientAndRemainder(dividingBy: perLarge)
      return "\(count) \(large)" + (rest == 0 ? "" : " \(rest) \(small)")
    }
    switch self {
    case 0: return "0 s"
    case ..<0.9995e-3: return "\((self * 1e6).text(figures: 3)) µs"
    case ..<0.9995: return "\((self * 1e3).text(figures: 3)) ms"
    case ..<59.95: return "\(text(figures: 3)) s"
    case ..<3599.5: return span(1, "s", 60, "min")
    case ..<172_799.5: return span(60, "min", 60, "h")
    default: return span(3600, "h", 24, "days")
    }
  }

  /// A running clock: "0:42", "12:05", "1:02:14"; "–" if unknown.
  public var clockTime: String {
    guard isFinite, self >= 0, self < 1e9 else { return "–" }
    let seconds = Int(rounded())
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    let two = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}

extension [Double] {
  /// The limits of an interval, with their signs: "+5.2 … +19.9". A limit that is not zero keeps the side on which it lies,
  /// by which one judges the change: −0.02 is "−0.0".
  public var intervalText: String {
    map { limit in
      let text = limit.signed(decimals: 1)
      return limit < 0 && text.hasPrefix("+") ? "−" + text.dropFirst() : text
    }.joined(separator: " … ")
  }
}

extension Int {
  /// Bytes in decimal units, as disks and hubs count them: "640 bytes", "38.4 MB", "1.71 GB".
  public var byteText: String {
    let (scale, unit, decimals) = byteUnit
    return "\((Double(self) / scale).text(decimals: decimals)) \(unit)"
  }

  /// A part of more bytes, in the unit of the whole: "0.64 of 1.22 GB".
  public func byteText(of whole: Int) -> String {
    let (scale, _, decimals) = whole.byteUnit
    return "\((Double(self) / scale).text(decimals: decimals)) of \(whole.byteText)"
  }

  private var byteUnit: (scale: Double, name: String, decimals: Int) {
    switch self {
    case ..<1_000: (1, "bytes", 0)
    case ..<1_000_000: (1e3, "kB", 1)
    case ..<100_000_000: (1e6, "MB", 1)
    case ..<1_000_000_000: (1e6, "MB", 0)
    default: (1e9, "GB", 2)
    }
  }

  /// With commas: "1,600".
  public var grouped: String {
    let digits = Array(String(magnitude).reversed())
    let groups = stride(from: 0, to: digits.count, by: 3).map { String(digits[$0..<Swift.min($0 + 3, digits.count)]) }
    return (self < 0 ? "−" : "") + String(groups.joined(separator: ",").reversed())
  }

  /// A count and its noun: "1 step", "1,600 steps".
  public func counted(_ noun: String, plural: String? = nil) -> String {
    "\(grouped) \(self == 1 ? noun : plural ?? noun + "s")"
  }

  /// The verb behind so many: "1 pair is", "2 pairs are".
  public var areText: String { self == 1 ? "is" : "are" }

  /// A large count in thousands or millions: "12 k", "428 M".
  public var shortText: String {
    self >= 1_000_000 ? "\((Double(self) / 1e6).text(figures: 3)) M" : "\((Double(self) / 1e3).text(figures: 3)) k"
  }
}
