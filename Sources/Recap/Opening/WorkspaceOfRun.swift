import Engine

extension RunDescription {
  /// What `clip` and `diffusion` say of the embedded models.
  public static let embedded = "mini"
  /// What `data` says where no images were given.
  public static let miniWorld = "mini world"

  /// Refuses embedded models that have become others since the run began: a wrong baseline would look like any other.
  public func requireSameEmbeddedModels(_ mini: MiniFolder) throws {
    guard [clip, diffusion].contains(RunDescription.embedded), let expected = embeddedWeights else { return }
    let found = try mini.digest(with: configuration.feedback.embeddedFolders)
    guard found != expected else { return }
    throw Problem(
      "this run began with other embedded models (\(expected.prefix(8))) than those in \(mini.path) "
        + "(\(found.prefix(8)))",
      advice: "open it with the version of diva-tui that made it, or name its assets folder in \(Assets.variable)")
  }
}

extension Workspace {
  /// The models that a run began with; throws a `Problem` when they are no longer where they were, or when the embedded
  /// ones have become others since: a wrong baseline would look like any other.
  public init(of run: RunDescription, mini: MiniFolder) throws {
    try run.requireSameEmbeddedModels(mini)
    func given(_ path: String) -> String? { path == RunDescription.embedded ? nil : path }
    try self.init(
      mini: mini, clip: given(run.clip), backbone: run.backbone, diffusion: given(run.diffusion), prompt: run.prompt)
  }
}
