import Engine
import Foundation

/// What a diffusion model made of pairs, on disk: with a published one an answer takes minutes.
public struct VerdictCache: Sendable {
  private let cache: TensorCache
  private let identity: String

  /// An answer takes some hundred bytes.
  private static let maximumBytes = 64 << 20

  /// - Parameters:
  ///   - diffusion: the path of the model, identified by `FileStamp`.
  ///   - environment: says where caches lie.
  public init?(diffusion: String, environment: [String: String], program: String = "/proc/self/exe") {
    guard let folder = TensorCache.folder(environment)?.appending(path: "verdicts") else { return nil }
    cache = TensorCache(folder: folder, maximumBytes: Self.maximumBytes)
    identity = [URL(filePath: program).resolvingSymlinksInPath().path, diffusion].map(FileStamp.stamp)
      .joined(separator: "\n")
  }

  /// A question: images, the texts as the model gets them, noises and their seed.
  public struct Question {
    let images: [Image]
    let texts: [String]
    let noises: Int
    let seed: UInt64

    public init(_ images: [Image], _ texts: [String], noises: Int, seed: UInt64) {
      (self.images, self.texts, self.noises, self.seed) = (images, texts, noises, seed)
    }
  }

  public func verdict(_ question: Question) -> TeacherVerdict? {
    let shape: Shape = [question.images.count, question.noises]
    guard let values = cache.tensor(name(question), shape: shape)?.values else { return nil }
    return TeacherVerdict(
      gains: stride(from: 0, to: values.count, by: question.noises).map { start in
        values[start..<start + question.noises].map(Double.init)
      })
  }

  /// Keeps an answer, if that is possible.
  public func keep(_ verdict: TeacherVerdict, to question: Question) {
    let values = verdict.gains.joined().map { Float($0) }
    cache.keep(Tensor(values, shape: [question.images.count, question.noises]), as: name(question))
  }

  private func name(_ question: Question) -> String {
    var digest = ContentDigest()
    for part in [identity, "\(question.noises) \(question.seed)"] + question.texts { digest.add(part) }
    for image in question.images {
      digest.add(UInt64(image.width))
      image.pixels.withUnsafeBytes { digest.add($0) }
    }
    return digest.text
  }
}
