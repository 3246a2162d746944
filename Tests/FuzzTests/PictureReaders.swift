import Foundation

@testable import Engine

extension Reader {
  static let picture = Reader(
    name: "picture", victims: Victim.pictures, lie: PictureLies.lie,
    read: { file, _ in
      let image = try Image(contentsOf: file)
      guard image.width > 0, image.height > 0, image.pixels.count == 3 * image.width * image.height else {
        throw Malformed("\(image.pixels.count) numbers for \(image.width) × \(image.height) pixels")
      }
    },
    command: { file, _ in ["encode", "--images", file.path, "--out", file.path + ".out"] })
}
