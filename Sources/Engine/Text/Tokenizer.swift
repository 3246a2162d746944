/// From a text to the ids that a text tower reads: `CLIPTokenizer` for CLIP, `SigLIPTokenizer` for SigLIP.
public protocol Tokenizer: Sendable {
  /// The length of every list that `tokens` gives.
  var contextLength: Int { get }
  /// One more than the highest id.
  var vocabularySize: Int { get }
  /// The ids of the text alone, however long.
  func encode(_ text: String) -> [Int]
  /// `contextLength` ids: the text in its frame, filled up or cut.
  func tokens(_ text: String) -> [Int]
  /// Whether `tokens` keeps the whole text.
  func fits(_ text: String) -> Bool
}
