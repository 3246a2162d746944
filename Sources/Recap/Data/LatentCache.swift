import Engine
import Foundation
import Synchronization

/// The latents of whole pictures on disk: an image whose part never changes is encoded once for all epochs and runs.
///
/// A name is a digest of the autoencoder's files, of what is made of a picture, and of the picture's own file. With parts
/// that change from step to step, as the reference's do, no latent would ever be met again: then there is no cache.
public final class LatentCache: Sendable {
  private let cache: TensorCache
  private let identity: String
  private let bytes: Mutex<Int>

  /// 64 KiB for an image of Stable Diffusion's: the first 130,000 images or so.
  public static let maximumBytes = 8 << 30

  /// - Parameters:
  ///   - autoencoder: the folder of its weights, identified by size and time of change.
  ///   - environment: as for `FeatureCache`; nil where there is no place for a cache.
  public init?(
    autoencoder: String, environment: [String: String], maximumBytes: Int = LatentCache.maximumBytes
  ) {
    guard let folder = TensorCache.folder(environment)?.appending(path: "latents") else { return nil }
    cache = TensorCache(folder: folder, maximumBytes: maximumBytes)
    identity = FileStamp.stamp(autoencoder)
    bytes = Mutex(cache.removeOldest())
  }

  /// - Parameters:
  ///   - picture: identifies the picture.
  ///   - recipe: what is made of it before it is encoded.
  func latent(of picture: String, _ recipe: String, shape: Shape) -> Tensor? {
    cache.tensor(name(picture, recipe), shape: shape)
  }

  /// Keeps a latent, as long as there is room.
  func keep(_ latent: Tensor, of picture: String, _ recipe: String) {
    let size = 4 * latent.count + 512
    let hasRoom = bytes.withLock { bytes in
      guard bytes + size <= cache.maximumBytes else { return false }
      bytes += size
      return true
    }
    if hasRoom { cache.keep(latent, as: name(picture, recipe)) }
  }

  private func name(_ picture: String, _ recipe: String) -> String {
    var digest = ContentDigest()
    for part in [identity, picture, recipe] { digest.add(part) }
    return digest.text
  }
}
