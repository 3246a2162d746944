import Engine
import Foundation

/// Finds the tokenizer of a CLIP: beside the weights, in a folder `tokenizer` there, or, for OpenAI's vocabulary, in the
/// diffusion model's folder, which has the same.
///
/// That there is none matters only to those who bring texts; they get the `Problem`.
struct TokenizerSearch {
  let result: Result<any Tokenizer, Problem>

  init(_ config: CLIPConfig, near path: String, diffusion: String) {
    let text = config.text
    let places = (config.family == .clip ? [path, diffusion] : [path]).map { URL(filePath: $0) }
    let open: (URL) throws -> any Tokenizer = { place in
      config.family == .clip
        ? try CLIPTokenizer(near: place, contextLength: text.contextLength)
        : try SigLIPTokenizer(near: place, contextLength: text.contextLength)
    }
    var problems: [Problem] = []
    for place in places {
      do {
        let tokenizer = try open(place)
        if tokenizer.vocabularySize == text.vocabulary {
          result = .success(tokenizer)
          return
        }
        problems.append(TokenizerSearch.otherSize(tokenizer.vocabularySize, text.vocabulary, place))
      } catch let problem as Problem {
        problems.append(problem)
      } catch {
        problems.append(Problem("cannot read a tokenizer near \(place.path): \(error.systemReason)"))
      }
    }
    result = .failure(problems[0])
  }

  private static func otherSize(_ size: Int, _ wanted: Int, _ place: URL) -> Problem {
    Problem(
      "the tokenizer near \(place.path) knows \(size) tokens, the text tower \(wanted)",
      advice: "put the tokenizer's files that belong to the model beside its weights")
  }
}
