import Engine
import Foundation

/// Finds the tokenizer of a CLIP: beside the weights, in a folder `tokenizer` there, or in the diffusion model's folder,
/// whose vocabulary is the same.
///
/// That there is none matters only to those who bring texts; they get the `Problem`.
struct TokenizerSearch {
  let result: Result<CLIPTokenizer, Problem>

  init(_ config: CLIPConfig, near path: String, diffusion: String) {
    guard config.family == .clip else {
      result = .failure(
        Problem(
          "SigLIP's texts need a SentencePiece tokenizer, which this version does not read",
          advice: "images can be used without it"))
      return
    }
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let beside = isThere && isFolder.boolValue ? path : URL(filePath: path).deletingLastPathComponent().path
    let places = [beside, beside + "/tokenizer", diffusion + "/tokenizer"]
    let files = ["vocab.json", "tokenizer.json"]
    let found = places.filter { place in files.contains { FileManager.default.fileExists(atPath: place + "/" + $0) } }
    result = Result { () throws(Problem) in
      for place in found {
        let tokenizer = try TokenizerSearch.opened(place, config.text.contextLength)
        if tokenizer.vocabularySize == config.text.vocabulary { return tokenizer }
      }
      throw Problem(
        "there is no tokenizer of \(config.text.vocabulary) tokens for \(path), neither beside it nor in \(diffusion)",
        advice: "put vocab.json and merges.txt beside the weights; transformers' folder of any OpenAI CLIP has them")
    }
  }

  private static func opened(_ place: String, _ length: Int) throws(Problem) -> CLIPTokenizer {
    do {
      return try CLIPTokenizer(folder: URL(filePath: place), contextLength: length)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem("cannot read the tokenizer in \(place): \(error.localizedDescription)")
    }
  }
}
