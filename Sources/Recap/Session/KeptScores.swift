import Engine

/// Scores that a file in a run's folder keeps, so that they are measured once.
public protocol KeptScores: Codable {
  /// Of the file.
  static var fileName: String { get }
}

extension KeptScores {
  /// nil where a run has none, or none that can be read: they can be measured again.
  public init?(of run: String) {
    guard let bytes = try? SmallFile.read(Self.path(in: run)),
      let scores = try? RunJSON.decoder.decode(Self.self, from: bytes)
    else { return nil }
    self = scores
  }

  public func write(to run: String) throws { try DurableFile.write(try RunJSON.pretty(self), to: Self.path(in: run)) }

  private static func path(in run: String) -> String { run + "/" + fileName }
}
