import Engine

/// A part of what a session opens, and how far it is.
struct OpeningPart: Equatable, Sendable {
  /// By its title on the screen.
  enum Kind: String, Sendable {
    case clip = "CLIP"
    case tuned = "tuned CLIP"
    case pairs, diffusion
  }

  enum State: Equatable, Sendable {
    case waiting
    /// nil before the first weights.
    case reading(ReadingProgress?)
    /// What was opened, in short.
    case ready(String)
    case failed(Problem)
    /// It was not named; the text says why it matters.
    case absent(String)
  }

  var kind: Kind
  /// The file or folder as it was given; nil for the embedded one.
  var path: String?
  var state = State.waiting

  var hasFailed: Bool { if case .failed = state { true } else { false } }
}

extension Feed {
  /// The part of a kind; nil where none is opened.
  func part(_ kind: OpeningPart.Kind) -> OpeningPart? { session.opening.first { $0.kind == kind } }

  /// Whether something is still being opened, or waits for it.
  var isOpening: Bool {
    session.opening.contains { part in
      switch part.state {
      case .waiting, .reading: true
      case .ready, .failed, .absent: false
      }
    }
  }
}
