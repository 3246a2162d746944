import Engine
import Foundation
import Synchronization

/// Pictures by number, decoded when they are needed.
public protocol ImageSource: Sendable {
  var count: Int { get }
  func image(_ index: Int) throws -> Image
  /// Identifies the picture: changes when another takes its place.
  func stamp(_ index: Int) -> String
}

extension ImageSource {
  /// Decodes pictures on all threads; each is forgotten when `keeping` has taken from it what is needed.
  func read<Kept: Sendable>(
    _ range: Range<Int>, keeping: @Sendable (Image) -> Kept
  ) -> [Result<Kept, Problem>] {
    let read = Mutex([Result<Kept, Problem>](repeating: .failure(Problem("not read")), count: range.count))
    ThreadPool.run(range.count) { place in
      let kept = Result { keeping(try image(range.lowerBound + place)) }.mapError { Problem($0) }
      read.withLock { $0[place] = kept }
    }
    return read.withLock { $0 }
  }
}

/// Files, or parts of them.
struct ImageFiles: ImageSource {
  struct File: Hashable {
    let name: FileName
    let crop: PixelBox?

    init(_ name: FileName, crop: PixelBox? = nil) { (self.name, self.crop) = (name, crop) }
    init(path: String, crop: PixelBox?) { self.init(FileName(path), crop: crop) }

    var path: String { name.text }
  }

  let files: [File]

  var count: Int { files.count }

  func image(_ index: Int) throws -> Image {
    let image = try Image(contentsOf: files[index].name)
    return try files[index].crop.map { try image.part($0, of: files[index].path) } ?? image
  }

  func stamp(_ index: Int) -> String {
    FileStamp.stamp(files[index].name) + (files[index].crop.map { " \($0)" } ?? "")
  }
}

extension Image {
  /// The pixels of a box; black where it leaves the image, as Pillow's `crop` has them.
  ///
  /// Throws a `Problem` where no pixel of the image is in it.
  func part(_ box: PixelBox, of name: String) throws(Problem) -> Image {
    let (x, y) = (max(box.x, 0), max(box.y, 0))
    let (endX, endY) = (min(box.x + box.width, width), min(box.y + box.height, height))
    guard x < endX, y < endY, box.height <= Image.maximumArea / box.width else {
      throw Problem(
        "the box \(box.x), \(box.y), \(box.width) × \(box.height) is no part of \(name), which has \(width) × \(height) pixels"
      )
    }
    var part = [UInt8](repeating: 0, count: box.width * box.height * 3)
    for row in y..<endY {
      let from = (row * width + x) * 3
      let to = ((row - box.y) * box.width + x - box.x) * 3
      part.replaceSubrange(to..<to + 3 * (endX - x), with: pixels[from..<from + 3 * (endX - x)])
    }
    return Image(width: box.width, height: box.height, pixels: part)
  }
}
