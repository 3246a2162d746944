import Engine
import Foundation

/// CIFAR's binary files: for each image one byte of label (CIFAR-100: a coarse one before it), then 32 × 32 values of red,
/// of green and of blue. Source: Krizhevsky 2009.
struct CIFARImages: ImageSource {
  private let path: String
  private let bytes: Data
  /// Bytes in front of the pixels.
  private let head: Int

  private static let side = 32
  private static let area = side * side
  private var record: Int { head + 3 * Self.area }

  var count: Int { bytes.count / record }

  func image(_ index: Int) -> Image {
    let start = bytes.startIndex + index * record + head
    let pixels = (0..<Self.area).flatMap { place in (0..<3).map { bytes[start + $0 * Self.area + place] } }
    return Image(width: Self.side, height: Self.side, pixels: pixels)
  }

  func stamp(_ index: Int) -> String { FileStamp.stamp(FileName(path)) + " \(index)" }

  /// The test images of a folder; nil where it has no such file.
  static func set(_ name: String, _ path: String, _ texts: SetTexts) throws -> ZeroShotSet? {
    for (file, names, head) in [("test_batch.bin", "batches.meta.txt", 1), ("test.bin", "fine_label_names.txt", 2)] {
      let whole = path + "/" + file
      guard FileManager.default.fileExists(atPath: whole) else { continue }
      let images = CIFARImages(path: whole, bytes: try SmallFile.read(whole, limit: 1 << 30), head: head)
      guard images.count > 0, images.bytes.count % images.record == 0 else {
        throw Problem(
          "cannot read \(whole): \(images.bytes.count) bytes are no whole number of records of \(images.record)",
          advice: "get the binary version of CIFAR again")
      }
      guard let classes = try texts.lines("classnames.txt") ?? texts.lines(names) else {
        throw Problem("\(path) has no \(names)", advice: "it lies beside \(file) in CIFAR's archive")
      }
      let labels = (0..<images.count).map { Int(images.bytes[images.bytes.startIndex + $0 * images.record + head - 1]) }
      if let wrong = labels.firstIndex(where: { !classes.indices.contains($0) }) {
        throw Problem(
          "cannot read \(whole): record \(wrong + 1) is of class \(labels[wrong]), there are \(classes.count)",
          advice: "get the binary version of CIFAR again")
      }
      return try ZeroShotSet(
        name, path, classes: classes.map { $0.replacing("_", with: " ") },
        templates: texts.lines("zeroshot_classification_templates.txt"), images: images, labels: labels)
    }
    return nil
  }
}
