/// The members of a model's configuration file, read by name with the defaults of the library that defines them.
///
/// Numbers are bounded, because a configuration comes from strangers and decides how much memory a model takes.
public struct ConfigurationFields {
  public let file: String
  public let json: JSON

  public init(_ json: JSON, file: String) {
    self.json = json
    self.file = file
  }

  /// The member, unless it is missing or null: libraries write null for "use the default".
  private func present(_ name: String) -> JSON? { json[name].flatMap { $0 == .null ? nil : $0 } }

  func problem(_ name: String, _ expected: String) -> Problem {
    Problem(
      "cannot use \(file): \(name) is \(present(name)?.compact.shown ?? "missing"), expected \(expected)",
      advice: "this configuration belongs to a model that this program does not know, or it is damaged")
  }

  public func integer(_ name: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 1...1_000_000) throws
    -> Int
  {
    guard let value = present(name)?.integer ?? (present(name) == nil ? fallback : nil), range.contains(value) else {
      throw problem(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  public func number(_ name: String, default fallback: Double) throws -> Double {
    guard let value = present(name) else { return fallback }
    guard let number = value.double else { throw problem(name, "a number") }
    return number
  }

  public func flag(_ name: String, default fallback: Bool) throws -> Bool {
    guard let value = present(name) else { return fallback }
    guard let flag = value.bool else { throw problem(name, "true or false") }
    return flag
  }

  public func text(_ name: String, default fallback: String) throws -> String {
    guard let value = present(name) else { return fallback }
    guard let text = value.text else { throw problem(name, "a string") }
    return text
  }

  public func texts(_ name: String, default fallback: [String]) throws -> [String] {
    guard let value = present(name) else { return fallback }
    let texts = value.elements?.compactMap(\.text) ?? []
    guard !texts.isEmpty, texts.count == value.elements?.count else { throw problem(name, "a list of strings") }
    return texts
  }

  public func integers(_ name: String, default fallback: [Int], in range: ClosedRange<Int> = 1...1_000_000) throws
    -> [Int]
  {
    guard let value = present(name) else { return fallback }
    let integers = value.elements?.compactMap(\.integer).filter(range.contains) ?? []
    guard !integers.isEmpty, integers.count == value.elements?.count else {
      throw problem(name, "a list of whole numbers from \(range.lowerBound) to \(range.upperBound)")
    }
    return integers
  }

  /// A whole number that holds for all `count` levels, or a list with one for each.
  public func integers(
    _ name: String, perLevel count: Int, default fallback: Int, in range: ClosedRange<Int> = 1...1_000_000
  ) throws -> [Int] {
    guard let value = present(name), value.elements != nil else {
      return Array(repeating: try integer(name, default: fallback, in: range), count: count)
    }
    let integers = try integers(name, default: [], in: range)
    guard integers.count == count else { throw problem(name, "one number or \(count) of them") }
    return integers
  }

  /// The configuration of a part, such as `text_config`; an empty one when it is missing.
  public func part(_ name: String) throws -> ConfigurationFields {
    let value = present(name) ?? [:]
    guard value.members != nil else { throw problem(name, "an object") }
    return ConfigurationFields(value, file: "\(file) (\(name))")
  }

  /// Refuses any value of `name` but the one that this program implements; a missing one means `implemented`.
  public func require(_ name: String, _ implemented: JSON) throws {
    guard let value = present(name), value != implemented else { return }
    // 1 and 1.0 are the same scale.
    if let number = value.double, number == implemented.double { return }
    throw problem(name, implemented.compact)
  }

  /// Refuses members that are not in `known`, unless they are switched off (null, false) or notes (`_class_name`).
  public func refuseUnknown(_ known: Set<String>) throws {
    for member in json.members ?? []
    where !known.contains(member.name) && !member.name.hasPrefix("_") && ![.null, .bool(false)].contains(member.value) {
      throw Problem(
        "cannot use \(file): \(member.name.shown) is \(member.value.compact.shown), which this program does not implement",
        advice: "use a model without it, such as Stable Diffusion 1.x or 2.x")
    }
  }
}
