/// A file's tensors under the names that its library gives them, without what training put in between.
struct AdaptedTensors: TensorSource {
  private let source: any TensorSource
  /// The file's names by those that are shown.
  private let original: [String: String]
  let tensorNames: [String]

  /// Modules that wrap others: `torch.compile`, FSDP, activation checkpoints, data parallelism.
  private static let wrappers: Set<Substring> = [
    "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
  ]
  /// What `DistributedDataParallel` may wrap alone; elsewhere `module` is a name like any other.
  private static let towers: Set<Substring> = ["visual", "text", "vision_model", "text_model"]

  /// nil where every name is as it should be. Wrappers in front of all names are a prefix like any other and stay.
  init?(_ source: any TensorSource) {
    let names = source.tensorNames
    // An image tower alone, saved without the model around it.
    let isTower =
      ["conv1.weight", "class_embedding", "ln_pre.weight"].allSatisfy(names.contains)
      && !names.contains("token_embedding.weight")
    var original: [String: String] = [:]
    for name in names { original[(isTower ? "visual." : "") + Self.unwrapped(name)] = name }
    guard original.count == names.count, original.contains(where: { $0 != $1 }) else { return nil }
    self.source = source
    self.original = original
    tensorNames = names.map { (isTower ? "visual." : "") + Self.unwrapped($0) }
  }

  private static func unwrapped(_ name: String) -> String {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let front = parts.prefix { wrappers.contains($0) || $0 == "module" }
    var kept = Array(front)
    for part in parts.dropFirst(front.count)
    where !wrappers.contains(part) && !(part == "module" && towers.contains(kept.last ?? "")) {
      kept.append(part)
    }
    return kept.joined(separator: ".")
  }

  var metadata: [String: String] { source.metadata }
  func tensor(named name: String) throws -> Tensor? { try original[name].flatMap { try source.tensor(named: $0) } }
  func description(of name: String) -> TensorDescription? { original[name].flatMap { source.description(of: $0) } }
  func shape(of name: String) throws -> Shape? { try original[name].flatMap { try source.shape(of: $0) } }
  func stored(named name: String) throws -> StoredTensor? {
    try original[name].flatMap { try source.stored(named: $0) }
  }
}

/// Long-CLIP, whose texts have two tables of positions: the first 20 rows of one, which it keeps from CLIP, and the
/// others of the second.
///
/// Source: `model_longclip.py` of Long-CLIP (arXiv 2403.15378), `mask1` and `mask2`.
struct LongCLIPTensors: TensorSource {
  private let source: any TensorSource
  private let table: String
  private static let suffix = "_res"
  private static let kept = 20

  /// nil for any other CLIP.
  init?(_ source: any TensorSource) throws {
    let names = source.tensorNames
    guard let second = names.first(where: { $0.hasSuffix("positional_embedding" + Self.suffix) }) else { return nil }
    let table = String(second.dropLast(Self.suffix.count))
    guard let shape = try source.shape(of: table), try source.shape(of: second) == shape, shape.rank == 2,
      shape[0] > Self.kept
    else { return nil }
    (self.source, self.table) = (source, table)
  }

  var tensorNames: [String] { source.tensorNames.filter { $0 != table + Self.suffix } }
  var metadata: [String: String] { source.metadata }
  func description(of name: String) -> TensorDescription? { source.description(of: name) }
  func shape(of name: String) throws -> Shape? { try source.shape(of: name) }
  func stored(named name: String) throws -> StoredTensor? { name == table ? nil : try source.stored(named: name) }

  func tensor(named name: String) throws -> Tensor? {
    guard name == table, let first = try source.tensor(named: table),
      let second = try source.tensor(named: table + Self.suffix)
    else { return try source.tensor(named: name) }
    return .stacked([first.sliced(0..<Self.kept), second.sliced(Self.kept..<second.shape[0])])
  }
}
