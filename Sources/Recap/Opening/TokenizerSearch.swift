import Engine
import Foundation

/// Finds the tokenizer of a CLIP: beside the weights, in a folder `tokenizer` there, or, for OpenAI's vocabulary, in the
/// diffusion model's folder, which has the same.
///
/// The rules for texts are those of the library that wrote the weights. That there is no tokenizer matters only to those
/// who bring texts; they get the `Problem`.
struct TokenizerSearch {
  let result: Result<any Tokenizer, Problem>
  /// The folder near which it was found, and whether it belongs to another model; nil where there is none.
  let place: (folder: URL, isBorrowed: Bool)?

  init(_ config: CLIPConfig, near folder: String, isTransformers: Bool, diffusion: String?) {
    let text = config.text
    let own = URL(filePath: folder)
    var places = [(folder: own, isBorrowed: false)]
    if config.family == .clip, let diffusion { places.append((URL(filePath: diffusion), true)) }
    let open: (URL, Bool) throws -> any Tokenizer = { place, isBorrowed in
      config.family == .clip
        ? try CLIPTokenizer(
          near: place, contextLength: text.contextLength, cleaning: isTransformers ? .huggingFace : .openAI,
          // Stable Diffusion 2 fills up with "!", which is an ordinary word to CLIP.
          readsPadding: !isBorrowed)
        : try SigLIPVocabulary.tokenizer(
          near: place, contextLength: text.contextLength, cleaning: isTransformers ? .huggingFace : .openCLIP)
    }
    var problems: [Problem] = []
    for place in places {
      do {
        let tokenizer = try open(place.folder, place.isBorrowed)
        let size = tokenizer.vocabularySize
        // Rows that no token names do no harm in a model's own table; another model's tokenizer must have its words.
        if place.isBorrowed ? size == text.vocabulary : size <= text.vocabulary {
          (result, self.place) = (.success(tokenizer), place)
          return
        }
        problems.append(TokenizerSearch.otherSize(size, text.vocabulary, place.folder))
      } catch let problem as Problem {
        problems.append(problem)
      } catch {
        problems.append(Problem("cannot read a tokenizer near \(place.folder.path): \(error.systemReason)"))
      }
    }
    (result, place) = (.failure(problems[0]), nil)
  }

  private static func otherSize(_ size: Int, _ wanted: Int, _ place: URL) -> Problem {
    Problem(
      "the tokenizer near \(place.path) knows \(size) tokens, the text tower \(wanted)",
      advice: "put the tokenizer's files that belong to the model beside its weights")
  }
}
