import Engine

/// What a CLIP was taken for where its tensors leave a choice, and what decided.
public struct ModelReading: Encodable, Equatable, Sendable {
  public struct Choice: Encodable, Equatable, Sendable {
    public let value: String
    /// The file that says it, the name that suggests it, or that it was assumed.
    public let by: String

    init(_ value: String, by: String) { (self.value, self.by) = (value, by) }
  }

  public internal(set) var backbone: Choice
  public let activation: Choice
  public let preprocessing: Choice

  /// One line for people.
  public var text: String {
    "taken for \(backbone.value) by \(backbone.by)"
      + (backbone.by == "--backbone" ? "" : " (--backbone says otherwise)")
      + "; \(activation.value) (\(activation.by)); pictures \(preprocessing.value) (\(preprocessing.by))"
  }
}

extension Preprocessing {
  /// "cut to 224, mean 0.48145466 0.4578275 0.40821073": what differs between models.
  var title: String {
    let colors =
      mean.map { "\($0)" }.joined(separator: " ") + ", deviation " + deviation.map { "\($0)" }.joined(separator: " ")
    return (fit == .crop ? "cut" : "squashed") + " to \(side), mean " + colors
  }
}
