import Engine
import Synchronization

/// Images for the loop: pictures only, no words. Number i is the same image whenever it is asked for.
public protocol TrainingImages {
  var count: Int { get }
  /// CLIP's input for these images, (B, H, W, 3).
  func pixels(_ indices: [Int]) -> Tensor
  /// The autoencoder's scaled latent means, (B, h, w, c).
  func latents(_ indices: [Int]) -> Tensor
}

/// Scenes of the mini world, drawn when they are asked for; a latent is encoded once and kept (2 KiB each).
public final class MiniWorldImages: TrainingImages {
  public let count: Int
  private let world: MiniWorld
  private let split: MiniWorld.Split
  private let preprocessing: Preprocessing
  private let diffusion: StableDiffusion
  private let keepsLatents: Bool
  private let known = Mutex<[Int: Tensor]>([:])

  public init(
    world: MiniWorld, split: MiniWorld.Split = .unlabelled, count: Int, preprocessing: Preprocessing,
    diffusion: StableDiffusion, keepsLatents: Bool = true
  ) {
    self.world = world
    self.split = split
    self.count = count
    self.preprocessing = preprocessing
    self.diffusion = diffusion
    self.keepsLatents = keepsLatents
  }

  public func image(_ index: Int) -> Image { world.scene(split, index).render() }

  private func images(_ indices: [Int]) -> [Image] { Scene.render(indices.map { world.scene(split, $0) }) }

  public func pixels(_ indices: [Int]) -> Tensor { preprocessing.pixels(images(indices)) }

  public func latents(_ indices: [Int]) -> Tensor {
    guard keepsLatents else { return encoded(indices) }
    let missing = known.withLock { known in Array(Set(indices.filter { known[$0] == nil })).sorted() }
    if !missing.isEmpty {
      let encoded = encoded(missing)
      known.withLock { known in
        for (row, index) in missing.enumerated() { known[index] = encoded.sliced(row..<row + 1).copied() }
      }
    }
    return known.withLock { known in Tensor.stacked(indices.compactMap { known[$0] }) }
  }

  private func encoded(_ indices: [Int]) -> Tensor {
    diffusion.autoencoder.scaledLatents(of: .signedPixels(images(indices).map(diffusion.square)))
  }
}
