import Terminal

/// A picture that another program recorded.
struct LoggedPicture: Equatable, Sendable {
  let tag: String
  let step: Int
  /// nil where it cannot be shown; then `reason` says why.
  let picture: Picture?
  var reason: String?
}
