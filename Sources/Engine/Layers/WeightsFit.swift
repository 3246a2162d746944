/// How a file's tensors fit the parameters of a model, in the file's own names, before anything is read.
public struct WeightsFit: Equatable, Sendable {
  public struct Misfit: Equatable, Sendable {
    public let key: String
    public let found: Shape
    public let expected: Shape
  }

  /// Keys that the model needs and the file lacks.
  public private(set) var missing: [String] = []
  public private(set) var misshaped: [Misfit] = []
  /// Keys that have no place in the model.
  public private(set) var unexpected: [String] = []

  /// - Parameter isIgnored: keys that can be discarded, such as counters beside the weights.
  public init(
    _ parameters: [Parameter], source: any TensorSource, layout: KeyLayout = .own,
    ignoring isIgnored: (String) -> Bool = { _ in false }
  ) throws {
    let needed = layout.outline(parameters)
    for (key, expected) in needed {
      if let found = try source.shape(of: key) {
        if !found.isSame(as: expected) { misshaped.append(Misfit(key: key, found: found, expected: expected)) }
      } else {
        missing.append(key)
      }
    }
    let used = Set(needed.map(\.key))
    unexpected = source.tensorNames.filter { !used.contains($0) && !isIgnored($0) }
  }

  public var isPerfect: Bool { missing.isEmpty && misshaped.isEmpty && unexpected.isEmpty }

  /// Throws a `Problem` that names what does not fit, the first few of each kind; `name` is the file's.
  public func require(_ name: String) throws {
    guard !isPerfect else { return }
    let complaints = [
      missing.isEmpty ? nil : "it has no tensor " + WeightsFit.list(missing),
      misshaped.isEmpty
        ? nil : WeightsFit.list(misshaped.map { "\($0.key.shown) is \($0.found), this model needs \($0.expected)" }),
      unexpected.isEmpty
        ? nil : "\(unexpected.count) of its tensors have no place in this model: " + WeightsFit.list(unexpected),
    ]
    throw Problem(
      "cannot load \(name): " + complaints.compactMap { $0 }.joined(separator: "; "),
      advice: "the configuration and the weights belong to different models, or the file is incomplete")
  }

  private static func list(_ items: [String]) -> String {
    items.prefix(4).map(\.shown).joined(separator: ", ") + (items.count > 4 ? ", … (\(items.count) in all)" : "")
  }
}

extension Weights {
  /// A model from a file that fits it: what does not is named, all together, before anything is read.
  ///
  /// - Parameter build: makes the model from the weights it is given; called twice, first with an outline.
  public static func load<Model>(
    _ source: any TensorSource, name: String, layout: KeyLayout = .own,
    ignoring isIgnored: (String) -> Bool = { _ in false }, _ build: (Weights) throws -> Model
  ) throws -> Model {
    let outline = Weights.outline()
    _ = try build(outline)
    try WeightsFit(outline.parameters, source: source, layout: layout, ignoring: isIgnored).require(name)
    return try build(.file(source, name: name, layout: layout))
  }
}

extension Shape {
  /// True when only axes of size 1 differ: libraries disagree about them ([1], [] and [1, N, C] for [N, C]).
  func isSame(as other: Shape) -> Bool {
    dims.filter { $0 != 1 } == other.dims.filter { $0 != 1 }
  }
}
