import Engine
import Foundation

/// The PNG and JPEG files of a folder and the folders in it, for the loop: pictures only, whatever stands beside them.
///
/// Each file is decoded once, at the beginning, and CLIP's square of it is kept (12 KiB each for the mini world's CLIP).
/// A file that cannot be read is left out and named in `skipped`.
public struct FolderImages: TrainingImages {
  public let skipped: [Problem]
  private let squares: [Image]
  private let preprocessing: Preprocessing
  private let autoencoder: AutoencoderKL

  /// Throws a `Problem` when the folder holds no image that can be read.
  public init(_ path: String, preprocessing: Preprocessing, autoencoder: AutoencoderKL) throws {
    var squares: [Image] = []
    var skipped: [Problem] = []
    for file in try FolderImages.files(in: path) {
      do {
        squares.append(preprocessing.square(try Image(contentsOf: file)))
      } catch let problem as Problem {
        skipped.append(problem)
      }
    }
    guard !squares.isEmpty else {
      throw Problem(
        "there are no images to train on in \(path)" + (skipped.first.map { ": \($0.message)" } ?? ""),
        advice: "give a folder with PNG or JPEG files")
    }
    (self.squares, self.skipped) = (squares, skipped)
    self.preprocessing = preprocessing
    self.autoencoder = autoencoder
  }

  public var count: Int { squares.count }

  public func pixels(_ indices: [Int]) -> Tensor { preprocessing.pixels(indices.map { squares[$0] }) }

  public func latents(_ indices: [Int]) -> Tensor {
    autoencoder.scaledLatents(of: .signedPixels(indices.map { squares[$0] }))
  }

  /// In the order of their paths, so that number i is the same image on every machine.
  private static func files(in path: String) throws -> [URL] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
      let walk = FileManager.default.enumerator(atPath: path)
    else {
      throw Problem(
        "cannot read images from \(path): it is no folder",
        advice: "give a folder with PNG or JPEG files, or leave --data out for the mini world")
    }
    let names = walk.compactMap { $0 as? String }.filter { name in
      ["png", "jpg", "jpeg"].contains((name as NSString).pathExtension.lowercased())
    }
    return names.sorted().map { URL(filePath: path).appending(path: $0) }
  }
}
