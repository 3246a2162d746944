extension CLIPTextTower {
  /// A text tower with its projection from a folder of its own, as transformers' `CLIPTextModelWithProjection` (SD-XL's
  /// second text encoder, and the mini world's only one); frozen.
  public init(projectedTextEncoder folder: WeightsFolder) throws {
    try self.init(folder) { try $0.integer("projection_dim", default: 512) }
  }

  /// Writes a folder that transformers opens as `CLIPTextModelWithProjection`.
  public func saveProjectedTextEncoder(to folder: WeightsFolder) throws {
    guard let width = projectionWidth else { preconditionFailure("this text tower has no projection") }
    let members =
      (config.json.members ?? []) + [
        JSON.Member("architectures", ["CLIPTextModelWithProjection"]),
        JSON.Member("projection_dim", .integer(width)),
      ]
    try folder.write(.object(members), parameters: parameters)
  }
}

extension CLIPTextTower {
  /// A text encoder as its own `config.json` describes it: with its projection where its architecture has one.
  public init(configuredBy fields: ConfigurationFields, from weights: Weights) throws {
    let isProjected = fields.json["architectures"]?.elements?.contains("CLIPTextModelWithProjection") ?? false
    try self.init(
      CLIPTextConfig(fields),
      projectionWidth: isProjected ? fields.integer("projection_dim", default: 512) : nil, from: weights)
  }
}
