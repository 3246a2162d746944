/// A model's weights as a source for another one with the same names.
private struct LiveParameters: TensorSource {
  let byName: [String: Parameter]

  var tensorNames: [String] { Array(byName.keys) }

  func tensor(named name: String) -> Tensor? { byName[name]?.value.detached() }

  /// Both models may read one file.
  func stored(named name: String) -> StoredTensor? { byName[name]?.stored }
}

extension Weights {
  /// Weights for a second model that begins as a copy of these parameters and then goes its own way.
  public static func copying(_ parameters: [Parameter]) -> Weights {
    .file(
      LiveParameters(byName: Dictionary(parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })),
      name: "a copy in memory")
  }
}
