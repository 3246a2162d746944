/// How a parameter begins when there is no file to read it from.
public enum Initializer: Sendable {
  case zeros
  case ones
  case constant(Float)
  case normal(deviation: Float)
  case uniform(bound: Float)
}

/// Where weights come from by name: a file in any format.
public protocol TensorSource {
  var tensorNames: [String] { get }
  /// nil when there is no tensor of that name; throws a `Problem` when it cannot be read.
  func tensor(named name: String) throws -> Tensor?
  /// Shape and stored type without reading anything; nil when there is no such tensor, or the source does not know.
  func description(of name: String) -> TensorDescription?
  /// The sizes of a tensor, if possible without reading it; nil when there is no tensor of that name.
  func shape(of name: String) throws -> Shape?
  /// The tensor in stored precision, without conversion; nil when there is none, or the source keeps none.
  func stored(named name: String) throws -> StoredTensor?
  /// What the file says of itself: a training step, the class of a saved module.
  var metadata: [String: String] { get }
}

/// A source that computes its tensors, or renames another's, need not know how they are stored.
extension TensorSource {
  public func description(of name: String) -> TensorDescription? { nil }
  public func shape(of name: String) throws -> Shape? {
    guard let dims = description(of: name)?.dims else { return try tensor(named: name)?.shape }
    guard dims.count <= 6, dims.allSatisfy({ $0 <= Int32.max }) else {
      throw Problem("cannot use the tensor \(name.shown): its shape \("\(dims)".shown) is beyond this program")
    }
    return Shape(dims)
  }
  public func stored(named name: String) throws -> StoredTensor? { nil }
  public var metadata: [String: String] { [:] }
}

/// A scope of names in a file, or in a model made from nothing.
///
/// A layer takes its parameters from its scope; the key is written where the parameter is made, and loading, saving, freezing
/// and optimising all walk the list that grows here.
public struct Weights {
  private let store: Store
  private let scope: String

  /// A model from nothing; the same seed gives the same weights, whatever the order of layers.
  public static func initializing(seed: UInt64) -> Weights {
    Weights(store: Store(origin: .random(RandomSource(seed: seed)), name: "new model"), scope: "")
  }

  /// A model from a file; `name` stands in error messages, `layout` maps the model's names to the file's.
  public static func file(_ source: any TensorSource, name: String, layout: KeyLayout = .own) -> Weights {
    Weights(store: Store(origin: .file(source, layout), name: name), scope: "")
  }

  /// Names and shapes only, without memory: what a model of this configuration is made of. It cannot compute.
  public static func outline() -> Weights { Weights(store: Store(origin: .outline, name: "outline"), scope: "") }

  public subscript(_ name: String) -> Weights { Weights(store: store, scope: fullName(name)) }

  public subscript(_ index: Int) -> Weights { self[String(index)] }

  private func fullName(_ name: String) -> String { scope.isEmpty ? name : scope + "." + name }

  /// The parameter `name` of this scope, read from the file or made by `initializer`.
  public func parameter(_ name: String, _ shape: Shape, _ initializer: Initializer) throws -> Parameter {
    try store.parameter(fullName(name), shape, initializer)
  }

  /// All parameters born so far, in order, wherever in the model.
  public var parameters: [Parameter] { store.parameters }
}

private enum Origin {
  case random(RandomSource)
  case file(any TensorSource, KeyLayout)
  case outline
}

private final class Store {
  let origin: Origin
  let name: String
  private(set) var parameters: [Parameter] = []
  /// A tensor that holds several parameters, kept until the last of them is born.
  private var shared: [String: (tensor: Tensor, left: Int)] = [:]

  init(origin: Origin, name: String) {
    self.origin = origin
    self.name = name
  }

  func parameter(_ name: String, _ shape: Shape, _ initializer: Initializer) throws -> Parameter {
    let parameter: Parameter
    switch origin {
    case .random(let random):
      parameter = Parameter(name: name, value: initializer.tensor(shape, from: random, name: name))
    case .file(let source, let layout):
      parameter = try read(name, shape, at: layout.place(of: name), from: source)
    case .outline: parameter = Parameter(outline: name, shape)
    }
    parameters.append(parameter)
    return parameter
  }

  private func read(
    _ name: String, _ shape: Shape, at place: KeyLayout.Place, from source: any TensorSource
  ) throws -> Parameter {
    let expected = place.form.stored(shape)
    if let stored = try source.stored(named: place.key), stored.type.isComputable {
      try require(try source.shape(of: place.key), expected, place.key)
      if let part = place.form.part(of: stored) { return Parameter(name: name, shape: shape, stored: part) }
    }
    let tensor = try tensor(place, from: source)
    try require(tensor?.shape, expected, place.key)
    guard let tensor else { preconditionFailure("\(place.key) has a shape but no numbers") }
    return Parameter(name: name, value: place.form.parameter(in: tensor.reshaped(expected), shape: shape))
  }

  private func require(_ found: Shape?, _ expected: Shape, _ key: String) throws {
    guard let found else {
      throw Problem(
        "cannot load \(name): it has no tensor \(key), which this model's configuration needs \(expected)",
        advice: "the configuration and the weights belong to different models, or the file is incomplete")
    }
    guard found.isSame(as: expected) else {
      throw Problem(
        "cannot load \(name): \(key) is \(found), this model's configuration needs \(expected)",
        advice: "the configuration and the weights belong to different models")
    }
  }

  private func tensor(_ place: KeyLayout.Place, from source: any TensorSource) throws -> Tensor? {
    guard case .part(_, let count) = place.form else { return try source.tensor(named: place.key) }
    guard let tensor = try shared[place.key]?.tensor ?? source.tensor(named: place.key) else { return nil }
    let left = (shared[place.key]?.left ?? count) - 1
    shared[place.key] = left > 0 ? (tensor, left) : nil
    return tensor
  }
}

extension Initializer {
  /// The stream is a hash of the name, so that adding a layer does not change the others.
  fileprivate func tensor(_ shape: Shape, from random: RandomSource, name: String) -> Tensor {
    // FNV-1a, 32 bits.
    let stream = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    let source = RandomSource(seed: random.seed, stream: stream)
    switch self {
    case .zeros: return Tensor(zeros: shape)
    case .ones: return Tensor(repeating: 1, shape: shape)
    case .constant(let value): return Tensor(repeating: value, shape: shape)
    case .normal(let deviation): return source.normal(shape, step: 0).scaled(by: deviation)
    case .uniform(let bound): return source.uniform(shape, bound: bound, step: 0)
    }
  }
}
