import Engine
import Foundation

/// The PNG, JPEG and WebP files of a folder and the folders in it, for the loop: pictures only, whatever stands beside
/// them.
///
/// Each file is decoded once, at the beginning, and two squares of it are kept, CLIP's and the diffusion model's: 24 KiB
/// for the mini world's models, 0.9 MiB for a CLIP at 224 and Stable Diffusion at 512. A file that cannot be read is left
/// out and named in `skipped`.
public struct FolderImages: TrainingImages {
  public let skipped: [Problem]
  private let squares: [(clip: Image, diffusion: Image)]
  private let preprocessing: Preprocessing
  private let autoencoder: AutoencoderKL

  /// Throws a `Problem` when the folder holds no image that can be read.
  public init(_ path: String, preprocessing: Preprocessing, diffusion: StableDiffusion) throws {
    var squares: [(clip: Image, diffusion: Image)] = []
    var skipped: [Problem] = []
    for file in try FolderImages.files(in: path) {
      do {
        let image = try Image(contentsOf: file)
        squares.append((preprocessing.square(image), diffusion.square(image)))
      } catch let problem as Problem {
        skipped.append(problem)
      }
    }
    guard !squares.isEmpty else {
      throw Problem(
        "there are no images to train on in \(path)" + (skipped.first.map { ": \($0.message)" } ?? ""),
        advice: "give a folder with PNG, JPEG or WebP files")
    }
    (self.squares, self.skipped) = (squares, skipped)
    self.preprocessing = preprocessing
    autoencoder = diffusion.autoencoder
  }

  public var count: Int { squares.count }

  public func pixels(_ indices: [Int]) -> Tensor { preprocessing.pixels(indices.map { squares[$0].clip }) }

  public func latents(_ indices: [Int]) -> Tensor {
    autoencoder.scaledLatents(of: .signedPixels(indices.map { squares[$0].diffusion }))
  }

  /// In the order of their paths, so that number i is the same image on every machine.
  private static func files(in path: String) throws -> [URL] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
      let walk = FileManager.default.enumerator(atPath: path)
    else {
      throw Problem(
        "cannot read images from \(path): it is no folder",
        advice: "give a folder with PNG, JPEG or WebP files, or leave --data out for the mini world")
    }
    let names = walk.compactMap { $0 as? String }.filter { name in
      ["png", "jpg", "jpeg", "webp"].contains((name as NSString).pathExtension.lowercased())
    }
    return names.sorted().map { URL(filePath: path).appending(path: $0) }
  }
}
