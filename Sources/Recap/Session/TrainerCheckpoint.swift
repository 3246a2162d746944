import Engine

/// Saving a run between two steps, and going on from there bit for bit as if it had never stopped.
///
/// A checkpoint of a trainer holds the groups `model` (the tuned image tower), `trained` (where that is interpolated: the
/// weights that training goes on with), `lora` (where the tower's change has a low rank: its factors), `visual_proj` (the projection, and under `aligned.` what it was before the tower
/// changed), `optimizer` and `align_optimizer`. Noise, tokens and the order of
/// images depend on the step alone, so that the two counts are all there is to say about them.
extension Trainer {
  /// Where a run stands; `state.json`.
  struct Position: Codable, Equatable {
    var aligned: Int
    var trained: Int
    var seconds: Double
    var density: RecapDensity
    var seed: UInt64
  }

  /// Writes `checkpoint-N/` into the run's folder, N the number of steps on the image tower.
  @discardableResult
  public func save(to run: RunFolder) throws -> Checkpoint {
    var tensors = [
      "model": Trainer.named(models.tuned.parameters.map { ($0.name, $0.value) }),
      "visual_proj": models.projectionTensors,
      "optimizer": Trainer.named(optimizer.state.map { ($0.name, $0.tensor) }),
      "align_optimizer": Trainer.named(alignOptimizer.state.map { ($0.name, $0.tensor) }),
    ]
    let own = interpolation.trained
    if !own.isEmpty { tensors[WeightInterpolation.group] = Trainer.named(own.map { ($0.name, $0.value) }) }
    if let lowRank = learning.lowRank {
      tensors[TowerLearning.group] = Trainer.named(lowRank.parameters.map { ($0.name, $0.value) })
    }
    return try Checkpoint.write(to: run, step: trained, tensors: tensors, state: position)
  }

  var position: Position {
    Position(aligned: aligned, trained: trained, seconds: seconds, density: density, seed: configuration.seed)
  }

  /// Goes to where the checkpoint was written. Throws a `Problem` when it belongs to another model or another run.
  public func restore(from checkpoint: Checkpoint) throws {
    let position = try checkpoint.state(as: Position.self)
    guard position.seed == configuration.seed, (0...configuration.alignSteps).contains(position.aligned),
      (0...configuration.steps).contains(position.trained)
    else {
      throw Problem(
        "cannot resume from \(checkpoint.path): its seed \(position.seed) or its steps \(position.aligned) + "
          + "\(position.trained) are not of this run", advice: "resume with the run.json that the run began with")
    }
    try models.restore(from: checkpoint)
    try interpolation.restore(from: checkpoint)
    try learning.lowRank?.parameters.restore(from: checkpoint.tensors(TowerLearning.group)) { $0.name }
    try optimizer.restore(checkpoint.tensors("optimizer"), name: checkpoint.path)
    try alignOptimizer.restore(checkpoint.tensors("align_optimizer"), name: checkpoint.path)
    (aligned, trained, seconds) = (position.aligned, position.trained, position.seconds)
    density = position.density
  }

  /// Names all that the next step depends on.
  var digest: String {
    var digest = ContentDigest()
    digest.add(UInt64(images.count))
    for parameter in models.tuned.parameters + interpolation.trained + models.projectionParameters {
      parameter.value.withUnsafeValues { digest.add(UnsafeRawBufferPointer($0)) }
    }
    return "\(aligned) \(trained) \(digest.text)"
  }

  fileprivate static let aligned = "aligned."

  private static func named(_ tensors: [(String, Tensor)]) -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: tensors)
  }
}

extension DivaModels {
  /// Both projections, by their names in a checkpoint.
  var projectionTensors: [String: Tensor] {
    let current = projectionParameters.map { (VisualProjection.key($0), $0.value.detached()) }
    let aligned = baselineRecap.projection.parameters.map {
      (Trainer.aligned + VisualProjection.key($0), $0.value.detached())
    }
    return Dictionary(uniqueKeysWithValues: current + aligned)
  }

  /// Takes the tuned tower and both projections from a checkpoint.
  func restore(from checkpoint: Checkpoint) throws {
    try tuned.parameters.restore(from: checkpoint.tensors("model")) { $0.name }
    let projections = try checkpoint.tensors("visual_proj")
    try projectionParameters.restore(from: projections, key: VisualProjection.key)
    try baselineRecap.projection.parameters.restore(from: projections) {
      Trainer.aligned + VisualProjection.key($0)
    }
  }
}

extension VisualProjection {
  /// `visual_proj.weight` or `visual_proj.bias`, whatever scope the parameter was born in.
  static func key(_ parameter: Parameter) -> String {
    scope + "." + (parameter.name.split(separator: ".").last.map(String.init) ?? parameter.name)
  }
}

extension Sequence<Parameter> {
  /// Overwrites every parameter with the tensor of its key.
  func restore(from file: SafetensorsFile, key: (Parameter) -> String) throws {
    for parameter in self {
      let name = key(parameter)
      guard let tensor = try file.tensor(named: name), tensor.shape == parameter.shape else {
        let found = file.description(of: name).map { "\(Shape($0.dims))" } ?? "missing"
        throw Problem(
          "cannot use \(file.name): \(name) is \(found), this model needs \(parameter.shape)",
          advice: "the checkpoint belongs to another model")
      }
      parameter.assign(tensor)
    }
  }
}
