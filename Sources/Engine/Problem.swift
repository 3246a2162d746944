/// What went wrong, in words for a person: what failed, where, why, and what to do.
///
/// Files, folders and options that people hand us throw this; our own mistakes stop at a `precondition`.
public struct Problem: Error, Equatable, Sendable {
  /// What could not be done, and why: "cannot read clip.safetensors: the header says 120 bytes, the file has 80".
  public let message: String
  /// What the person can do about it.
  public let advice: String?

  public init(_ message: String, advice: String? = nil) {
    self.message = message
    self.advice = advice
  }
}

extension Problem: CustomStringConvertible {
  /// One or two lines, ready for standard error; control characters that came from a file are gone.
  public var description: String {
    (advice.map { "\(message)\n  \($0)" } ?? message).withoutControlCharacters(keepingNewlines: true)
  }
}

extension String {
  /// The text without C0, C1 and other control or format-override characters, so that a file cannot steer a terminal.
  public func withoutControlCharacters(keepingNewlines: Bool = false) -> String {
    let kept = unicodeScalars.filter { scalar in
      if scalar == "\n" { return keepingNewlines }
      switch scalar.properties.generalCategory {
      case .control, .surrogate, .lineSeparator, .paragraphSeparator: return false
      case .format: return scalar == "\u{200D}"
      default: return true
      }
    }
    return String(String.UnicodeScalarView(kept))
  }
}
