extension String {
  /// A name or a value from a file as a message may show it: on one line, without control characters, and not endless.
  public var shown: String {
    let longest = 120
    let text = unicodeScalars.count > longest ? String(unicodeScalars.prefix(longest)) + "…" : self
    return text.withoutControlCharacters()
  }
}
