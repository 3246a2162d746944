import Foundation

/// What happens to a text before CLIP's tokenizer splits it.
public enum TextCleaning: Sendable {
  /// Transformers' `CLIPTokenizer`: composed form (NFC) and lower case.
  case huggingFace
  /// OpenAI's and open_clip's tokenizers: `TextRepair`, HTML characters twice, lower case.
  case openAI

  func clean(_ text: String) -> String {
    switch self {
    // Character by character, as transformers' library does: a sigma stays a sigma.
    case .huggingFace: text.precomposedStringWithCanonicalMapping.lowercased()
    case .openAI: Self.withoutMarkup(text).lowercasedLikePython
    }
  }

  /// `basic_clean` of OpenAI's `simple_tokenizer.py`, but for the spaces at the ends.
  static func withoutMarkup(_ text: String) -> String {
    HTMLCharacters.unescaped(HTMLCharacters.unescaped(TextRepair.repaired(text)))
  }
}

extension String {
  /// Lower case as Python's `str.lower`: a sigma at the end of a word becomes its final form.
  var lowercasedLikePython: String {
    guard unicodeScalars.contains("Σ") else { return lowercased() }
    let scalars = Array(unicodeScalars)
    let written = scalars.indices.flatMap { index -> [Unicode.Scalar] in
      guard scalars[index] == "Σ" else { return Array(scalars[index].properties.lowercaseMapping.unicodeScalars) }
      let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
      let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
      return before?.properties.isCased == true && after?.properties.isCased != true ? ["ς"] : ["σ"]
    }
    return String(String.UnicodeScalarView(written))
  }
}
