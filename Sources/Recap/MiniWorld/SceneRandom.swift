/// Random draws that depend on (seed, stream, index) only, so that scene 9000 can be made without the 8999 before it.
///
/// SplitMix64 (Steele, Lea, Flood 2014). The draws are written out here because the standard library's may change
/// with its version, and a world must not.
public struct SceneRandom: Sendable {
  private var state: UInt64

  public init(seed: UInt64, stream: UInt64 = 0, index: UInt64 = 0) {
    state = Self.mixed(Self.mixed(Self.mixed(seed) &+ stream) &+ index)
  }

  /// 64 fair bits.
  public mutating func bits() -> UInt64 {
    defer { state &+= Self.golden }
    return Self.mixed(state)
  }

  /// Uniform in 0 ..< 1, in steps of 2⁻⁵³.
  public mutating func uniform() -> Double {
    Double(bits() >> 11) * 0x1p-53
  }

  /// Uniform between the two bounds.
  public mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * uniform()
  }

  /// True with this probability; always takes one draw.
  public mutating func chance(_ probability: Double) -> Bool {
    uniform() < probability
  }

  /// Uniform in 0 ..< count, without the bias of a plain remainder to within 2⁻⁶⁴ · count.
  public mutating func below(_ count: Int) -> Int {
    precondition(count > 0, "cannot draw from \(count) possibilities")
    return Int(bits().multipliedFullWidth(by: UInt64(count)).high)
  }

  public mutating func choice<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// One of the elements, each with a probability in proportion to its weight.
  public mutating func choice<Element>(_ weighed: [(element: Element, weight: Double)]) -> Element {
    precondition(!weighed.isEmpty, "cannot choose from nothing")
    var rest = uniform() * weighed.reduce(0) { $0 + $1.weight }
    for (element, weight) in weighed.dropLast() {
      if rest < weight { return element }
      rest -= weight
    }
    return weighed[weighed.count - 1].element
  }

  /// The elements in random order (Fisher–Yates).
  public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var elements = elements
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, below(last + 1))
    }
    return elements
  }

  /// 2⁶⁴ divided by the golden ratio, made odd: SplitMix64's step.
  private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// One output of SplitMix64: every input bit changes every output bit with probability one half.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ golden
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
