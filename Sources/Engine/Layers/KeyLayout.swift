/// How a library names and cuts the tensors of a model.
///
/// This engine's own names are those of transformers and diffusers. A layout is a list of renames, applied in order to
/// a parameter's own name; it gives the key under which a file keeps the parameter, and how it is kept there. So one
/// list serves reading, error messages with the file's own names, and writing.
///
/// ```swift
/// KeyLayout.openCLIP.place(of: "visual_projection.weight")   // visual.proj, transposed
/// ```
public struct KeyLayout: Equatable, Sendable {
  /// What a file keeps in place of a parameter.
  public enum Form: Equatable, Sendable {
    case same
    /// A matrix with its axes exchanged.
    case transposed
    /// One of several parameters that are kept as one tensor, along the first axis: q, k and v.
    case part(Int, of: Int)
    /// With an axis of size 1 in front.
    case batched
    /// A vector as the only token of the only image of a batch.
    case token
    /// Without axes.
    case scalar
  }

  /// Where a file keeps a parameter.
  public struct Place: Equatable, Sendable {
    public let key: String
    public let form: Form
  }

  /// Every `own` in names that begin with `scope` is called `key` in the file.
  struct Rename: Equatable, Sendable {
    let own: String
    let key: String
    var form = Form.same
    var scope = ""
  }

  /// Stands before every key of the file: `module.`, `class_model.model.`
  public let prefix: String
  let renames: [Rename]

  init(_ renames: [Rename], prefix: String = "") {
    self.renames = renames
    self.prefix = prefix
  }

  /// The parameters' own names.
  public static let own = KeyLayout([])

  public func prefixed(_ prefix: String) -> KeyLayout { KeyLayout(renames, prefix: prefix) }

  /// Where the file keeps the parameter that is called `name` here.
  public func place(of name: String) -> Place {
    var (key, form) = (name, Form.same)
    for rename in renames where name.hasPrefix(rename.scope) && key.contains(rename.own) {
      key = key.replacing(rename.own, with: rename.key)
      if rename.form != .same { form = rename.form }
    }
    return Place(key: prefix + key, form: form)
  }
}

extension KeyLayout.Form {
  /// The shape that the file's tensor has where the parameter's is `shape`.
  func stored(_ shape: Shape) -> Shape {
    switch self {
    case .same: shape
    case .transposed: Shape(shape.dims.reversed())
    case .part(_, let count): shape.replacingFirst(with: shape[0] * count)
    case .batched: Shape([1] + shape.dims)
    case .token: Shape([1, 1] + shape.dims)
    case .scalar: []
    }
  }

  /// The parameter where a file keeps it, as far as it lies there in one piece; nil where it must be rearranged.
  func part(of stored: StoredTensor) -> StoredTensor? {
    switch self {
    case .same, .batched, .token, .scalar: stored
    case .transposed: nil
    case .part(let part, let count): (stored.dims.first ?? 1) % count == 0 ? stored.part(part, of: count) : nil
    }
  }

  /// The parameter in a tensor of the file.
  func parameter(in tensor: Tensor, shape: Shape) -> Tensor {
    switch self {
    case .same, .batched, .token, .scalar: tensor.reshaped(shape)
    case .transposed: tensor.transposedMatrix
    case .part(let part, let count):
      tensor.reshaped(stored(shape)).sliced(part * tensor.shape[0] / count..<(part + 1) * tensor.shape[0] / count)
    }
  }
}

extension KeyLayout {
  /// Keys and shapes of a file that holds these parameters, in the order of their first parts.
  public func outline(_ parameters: [Parameter]) -> [(key: String, shape: Shape)] {
    var known: Set<String> = []
    return parameters.compactMap { parameter in
      let place = place(of: parameter.name)
      return known.insert(place.key).inserted ? (place.key, place.form.stored(parameter.shape)) : nil
    }
  }

  /// Tensors under their own names (weights, gradients) as the file would hold them, in the order of their first parts.
  ///
  /// All parts of a tensor that a file keeps as one must be there.
  public func stored(_ tensors: [(name: String, tensor: Tensor)]) -> [(key: String, tensor: Tensor)] {
    var parts: [String: [Tensor?]] = [:]
    var order: [String] = []
    for (name, tensor) in tensors {
      let place = place(of: name)
      if parts[place.key] == nil { order.append(place.key) }
      switch place.form {
      case .part(let part, let count):
        parts[place.key, default: Array(repeating: nil, count: count)][part] = tensor
      case .transposed: parts[place.key] = [tensor.transposedMatrix]
      case .same, .batched, .token, .scalar:
        parts[place.key] = [tensor.detached().reshaped(place.form.stored(tensor.shape))]
      }
    }
    return order.map { key in
      let found = parts[key, default: []].compactMap { $0 }
      precondition(found.count == parts[key]?.count, "\(key) is made of \(parts[key]?.count ?? 0) parts, not all given")
      return (key, found.count == 1 ? found[0] : Tensor.stacked(found))
    }
  }
}

extension Tensor {
  /// (R, C) → (C, R), copied; no gradient.
  fileprivate var transposedMatrix: Tensor {
    precondition(shape.rank == 2, "only matrices are transposed, not \(shape)")
    let (rows, columns) = (shape[0], shape[1])
    return .filled([columns, rows]) { out in
      withUnsafeValues { values in
        for row in 0..<rows {
          for column in 0..<columns { out[column * rows + row] = values[row * columns + column] }
        }
      }
    }
  }
}
