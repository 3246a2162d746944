/// A SentencePiece model: pieces with their scores (of the unigram kind: logarithms of probabilities), and how a text is
/// prepared. What SigLIP's `spiece.model` holds, and Gemma's `tokenizer.model`, which is of the byte-pair kind.
///
/// Source: `sentencepiece_model.proto`; the fields' numbers are those of that file.
struct SentencePieceModel {
  var pieces: [UnigramEncoding.Piece] = []
  var characters: CharacterMap?
  var addsSpaceInFront = true
  var removesExtraSpaces = true
  var isBytePair = false
  private var spellsBytes = false

  /// A vocabulary of a million pieces would be ten times that of any published model.
  private static let maximumPieces = 1_000_000

  /// Throws a `Problem` for a damaged file, and for models of other kinds.
  init(_ bytes: [UInt8]) throws {
    var fields = ProtobufFields(bytes[...])
    while let field = try fields.next() {
      switch (field.number, field.value.bytes) {
      case (1, let part?): pieces.append(try Self.piece(part))
      case (2, let part?): try readTraining(part)
      case (3, let part?): try readNormalization(part)
      default: break
      }
      guard pieces.count <= Self.maximumPieces else {
        throw Problem(
          "it has more than \(Self.maximumPieces) pieces", advice: "Expected a SigLIP's model, with 32000 or 256000.")
      }
    }
  }

  private static func piece(_ part: ArraySlice<UInt8>) throws -> UnigramEncoding.Piece {
    var piece = UnigramEncoding.Piece(bytes: [], score: 0, kind: .normal)
    var fields = ProtobufFields(part)
    while let field = try fields.next() {
      switch field.number {
      case 1: piece.bytes = Array(field.value.bytes ?? [])
      case 2: piece.score = field.value.float ?? .nan
      case 3:
        let code = field.value.integer ?? 0
        guard let kind = UnigramEncoding.Piece.Kind(rawValue: Int(clamping: code)) else {
          throw unsupported("has pieces of a kind (\(code)) that SigLIP's does not have")
        }
        piece.kind = kind
      default: break
      }
    }
    return piece
  }

  /// Throws a `Problem` for the vocabulary of a SigLIP 2, and for pieces that SigLIP's does not have.
  func requireUnigram() throws {
    if isBytePair { throw Self.unsupported("is not of the unigram kind") }
    if spellsBytes { throw Self.unsupported("spells unknown characters in bytes") }
    if let other = pieces.first(where: { [.userDefined, .byte].contains($0.kind) }) {
      throw Self.unsupported("has pieces of a kind (\(other.kind.rawValue)) that SigLIP's does not have")
    }
  }

  /// `TrainerSpec`: what kind of model this is.
  private mutating func readTraining(_ part: ArraySlice<UInt8>) throws {
    var fields = ProtobufFields(part)
    while let field = try fields.next() {
      switch (field.number, field.value.integer ?? 0) {
      case (3, let kind):
        guard [1, 2].contains(kind) else { throw Self.unsupported("is of words or characters") }
        isBytePair = kind == 2
      case (24, let flag) where flag != 0: throw Self.unsupported("puts spaces behind words")
      case (35, let flag): spellsBytes = flag != 0
      default: break
      }
    }
  }

  /// `NormalizerSpec`.
  private mutating func readNormalization(_ part: ArraySlice<UInt8>) throws {
    var fields = ProtobufFields(part)
    while let field = try fields.next() {
      switch field.number {
      case 2:
        if let table = field.value.bytes, !table.isEmpty { characters = try CharacterMap(table) }
      case 3: addsSpaceInFront = field.value.integer != 0
      case 4: removesExtraSpaces = field.value.integer != 0
      case 5 where field.value.integer == 0: throw Self.unsupported("leaves spaces as they are")
      default: break
      }
    }
  }

  private static func unsupported(_ what: String) -> Problem {
    Problem("the SentencePiece model \(what)", advice: "Expected SigLIP's own model; that of SigLIP 2 is another.")
  }
}
