import Engine
import Foundation

/// Where one thing is beside another. Source: arXiv 2310.19785.
extension BenchmarkReader {
  static let whatsUpA = controlled(
    "whatsup-a", "What'sUp A", "controlled_images_dataset.json", [["left_of", "right_of"], ["on", "under"]])
  static let whatsUpB = controlled(
    "whatsup-b", "What'sUp B", "controlled_clevr_dataset.json",
    [["left_of", "right_of"], ["in-front_of", "behind"]])

  /// Photos with a right and a wrong preposition.
  static let whatsUpPhotos = [
    photos("whatsup-coco-one", "What'sUp COCO, one object", "coco_qa_one_obj.json", digits: 12),
    photos("whatsup-coco-two", "What'sUp COCO, two objects", "coco_qa_two_obj.json", digits: 12),
    photos("whatsup-vg-one", "What'sUp VG, one object", "vg_qa_one_obj.json", digits: 0),
    photos("whatsup-vg-two", "What'sUp VG, two objects", "vg_qa_two_obj.json", digits: 0),
  ]

  private static func controlled(
    _ name: String, _ title: String, _ file: String, _ opposites: [[String]]
  ) -> BenchmarkReader {
    list(name, title, file, layout: "(image_path, caption_options), its images") { record in
      let image = try record.text("image_path")
      let set = set(of: URL(filePath: image).deletingPathExtension().lastPathComponent, opposites)
      return BenchmarkRecord(
        id: "\(record.number)", place: record.place, category: set?.member, shape: .statements(right: 1),
        statements: try record.options(), images: [image], set: set)
    }
  }

  /// "beer-bottle_left_of_armchair": the two things are the set, left_of is the member.
  private static func set(of name: String, _ opposites: [[String]]) -> PairSet? {
    for (number, pair) in opposites.enumerated() {
      for relation in pair {
        guard let range = name.range(of: "_\(relation)_") else { continue }
        let things = name[..<range.lowerBound] + " " + name[range.upperBound...]
        return PairSet(String(things), member: relation, opposites: "\(things) \(number)")
      }
    }
    return nil
  }

  private static func photos(_ name: String, _ title: String, _ file: String, digits: Int) -> BenchmarkReader {
    let images = digits > 0 ? "COCO's val2017/" : "Visual Genome's vg_images/"
    return list(name, title, file, layout: "([image, right caption, wrong caption]), \(images)") { record in
      let fields = record.json.elements ?? []
      let captions = fields.dropFirst().compactMap(\.text)
      let id = fields.first.flatMap { $0.text ?? $0.integer.map { "\($0)" } }
      guard fields.count == 3, captions.count == 2, let id, id.utf8.count < 100 else {
        throw record.problem("expected an image, a right and a wrong caption")
      }
      let zeros = String(repeating: "0", count: max(0, digits - id.count))
      return BenchmarkRecord(
        id: "\(record.number)", place: record.place, shape: .statements(right: 1), statements: captions,
        images: [id.contains(".") ? id : "\(zeros)\(id).jpg"])
    }
  }
}
