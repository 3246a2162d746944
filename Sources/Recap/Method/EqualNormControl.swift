import Engine

extension DivaModels {
  /// A control: the baseline's image tower, changed as much as the tuned one, but in random directions.
  ///
  /// Each parameter moves by a normal draw that is scaled to the length of its own change in training. If pairs were
  /// mended by any change of this size, it would mend them too.
  public func randomlyChanged(seed: UInt64) throws -> CLIPVisionTower {
    let control = try baseline.vision.copied()
    for (index, (parameter, learned)) in zip(control.parameters, tuned.parameters).enumerated() {
      let before = parameter.value.detached()
      let change = learned.value.detached() - before
      let random = RandomSource(seed: seed, stream: .equalNormControl).normal(before.shape, step: index)
      let length = Float(random.norm)
      guard length > 0 else { continue }
      parameter.assign(before + random.scaled(by: Float(change.norm) / length))
    }
    return control
  }
}
