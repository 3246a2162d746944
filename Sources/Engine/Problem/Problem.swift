import Foundation

/// What went wrong, for a person: what failed, where, why, and what to do.
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

  /// What was thrown, as a person reads it.
  public init(_ error: any Error) { self = error as? Problem ?? Problem(error.systemReason) }
}

extension Problem: CustomStringConvertible {
  /// One or two lines, ready for standard error; control characters and line breaks that came from a file are gone.
  public var description: String {
    [message, advice].compactMap { $0?.withoutControlCharacters() }.joined(separator: "\n  ")
  }

  /// Message and advice on one line, as standard error gets them.
  public var oneLine: String {
    [message, advice].compactMap { $0?.split(whereSeparator: \.isNewline).joined(separator: " ") }
      .map { $0.withoutControlCharacters() }.joined(separator: ": ")
  }
}

extension String {
  /// The text without C0, C1 and other control or format-override characters, so that a file cannot steer a terminal.
  public func withoutControlCharacters(keepingNewlines: Bool = false) -> String {
    let kept = unicodeScalars.filter { $0 == "\n" ? keepingNewlines : !$0.steersTerminals }
    return String(String.UnicodeScalarView(kept))
  }
}

extension Unicode.Scalar {
  /// Whether a terminal might obey the character rather than show it: C0 and C1 controls, separators of lines, and marks
  /// of format such as those that turn the direction of writing. The joiner within emoji only joins.
  public var steersTerminals: Bool {
    switch properties.generalCategory {
    case .control, .surrogate, .lineSeparator, .paragraphSeparator: true
    case .format: self != "\u{200D}"
    default: false
    }
  }
}

extension Error {
  /// Why the system refused, as it says itself: "No such file or directory".
  ///
  /// Foundation hides them behind sentences such as "The operation could not be completed. The file doesn’t exist.".
  public var systemReason: String {
    if let problem = self as? Problem { return problem.message }
    let cause = ((self as? CocoaError)?.underlying ?? self) as NSError
    return cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : localizedDescription
  }
}
