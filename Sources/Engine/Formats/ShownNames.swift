extension String {
  /// A name from a file as an error message may show it: without control characters, and not endless.
  var shown: String {
    let longest = 120
    let text = unicodeScalars.count > longest ? String(unicodeScalars.prefix(longest)) + "…" : self
    return text.withoutControlCharacters()
  }
}
