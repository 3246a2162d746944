import Engine

extension RunDescription {
  /// What `clip` and `diffusion` say of the embedded models.
  public static let embedded = "mini"
}

extension Workspace {
  /// The models that a run began with; throws a `Problem` when they are no longer where they were.
  public init(of run: RunDescription, mini: MiniFolder) throws {
    func given(_ path: String) -> String? { path == RunDescription.embedded ? nil : path }
    try self.init(mini: mini, clip: given(run.clip), diffusion: given(run.diffusion))
  }
}
