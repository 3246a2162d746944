import Engine
import Foundation

/// Two images and two statements a record: five benchmarks that differ in their members' names.
extension BenchmarkReader {
  static let squares: [BenchmarkReader] = [
    square(
      "winoground", "Winoground", 400, "examples.jsonl (id, image_0, image_1, caption_0, caption_1, tag, …), images/",
      Members("image_0", "image_1", "caption_0", "caption_1", sign: ["tag", "collapsed_tag", "secondary_tag"])
    ) { $0.optionalText("collapsed_tag") },
    square(
      "naturalbench", "NaturalBench-Retrieval", nil,
      "metadata.json (index, image_0, image_1, caption_0, caption_1), images/",
      Members("image_0", "image_1", "caption_0", "caption_1", id: "index", sign: ["index"])),
    square(
      "colorswap", "ColorSwap", 1000, "train.json, test.json (id, image_1, image_2, caption_1, caption_2), images/",
      Members("image_1", "image_2", "caption_1", "caption_2")
    ) { URL(filePath: $0.file).deletingPathExtension().lastPathComponent },
    square(
      "vismin", "VisMin", 2084, "examples.jsonl (id, image_0, image_1, text_0, text_1, category), images/",
      Members("image_0", "image_1", "text_0", "text_1")
    ) { $0.optionalText("category") },
    square(
      "eqben", "EqBen", nil, "all_select.json (image0, image1, caption0, caption1), images/<subset>/",
      Members("image0", "image1", "caption0", "caption1")
    ) { subset(of: $0.optionalText("image0") ?? "") },
    square(
      "pairs", "Pairs", nil, "NAME.json or NAME.jsonl (image_0, image_1, caption_0, caption_1)",
      Members("image_0", "image_1", "caption_0", "caption_1")
    ) { $0.optionalText("category") },
  ]

  /// What a benchmark calls its members, and members of which it has one and others none.
  private struct Members {
    let images: [String]
    let statements: [String]
    let id: String
    let sign: [String]

    init(_ image1: String, _ image2: String, _ text1: String, _ text2: String, id: String = "id", sign: [String] = []) {
      (images, statements, self.id, self.sign) = ([image1, image2], [text1, text2], id, sign)
    }

    func fit(_ record: JSON) -> Bool {
      (images + statements).allSatisfy { record[$0]?.text != nil }
        && (sign.isEmpty || sign.contains { record[$0] != nil })
    }
  }

  private static func square(
    _ name: String, _ title: String, _ published: Int?, _ layout: String, _ members: Members,
    category: @escaping @Sendable (RecordMembers) -> String? = { _ in nil }
  ) -> BenchmarkReader {
    BenchmarkReader(name, title, published: published, layout: layout) { folder in
      let tables = try folder.candidates.compactMap { file, list -> BenchmarkTable? in
        guard let first = list.first, members.fit(first) else { return nil }
        return try BenchmarkTable(file, list) { record in
          BenchmarkRecord(
            id: record.id(members.id), place: record.place, category: category(record),
            statements: try members.statements.map(record.text), images: try members.images.map(record.text))
        }
      }
      return tables.isEmpty ? nil : tables
    }
  }

  /// The folder of an image below `images`: EqBen's subset.
  private static func subset(of image: String) -> String? {
    let parts = image.split(separator: "/").filter { $0 != "." && $0 != "images" }
    return parts.count > 1 ? String(parts[0]) : nil
  }
}
