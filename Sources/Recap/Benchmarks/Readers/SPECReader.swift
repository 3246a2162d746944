import Engine
import Foundation

extension BenchmarkReader {
  /// Size, place, existence and number, in both directions. Source: arXiv 2312.00081.
  static let spec = BenchmarkReader(
    "spec", "SPEC", published: nil,
    layout: "absolute_size, relative_size, absolute_spatial, relative_spatial, existence, count, each with "
      + "image2text.json and text2image.json (query, keys, label) and its images"
  ) { folder in
    let kinds = ["absolute_size", "relative_size", "absolute_spatial", "relative_spatial", "existence", "count"]
    let tables = try kinds.flatMap { kind in
      try ["image2text", "text2image"].flatMap { direction -> [BenchmarkTable] in
        let places = [kind, "data/\(kind)"].flatMap { folder.files(".json", in: $0) }
        guard let file = places.first(where: { $0.lastPathComponent == direction + ".json" }) else { return [] }
        return [try table(file, kind, isToText: direction == "image2text")]
      }
    }
    return tables.isEmpty ? nil : tables
  }

  private static func table(_ file: URL, _ kind: String, isToText: Bool) throws -> BenchmarkTable {
    let category = "\(kind), \(isToText ? "image to text" : "text to image")"
    return try BenchmarkTable(file, category: category) { record in
      let (query, label) = (try record.text("query"), try record.integer("label"))
      var keys = try record.texts("keys")
      guard keys.indices.contains(label), keys.count > 1 else {
        throw record.problem("the label \(label) is none of the \(keys.count) keys'")
      }
      keys.insert(keys.remove(at: label), at: 0)
      // Its images lie beside the file.
      func image(_ path: String) -> String { path.contains("/") ? path : "\(kind)/\(path)" }
      return BenchmarkRecord(
        id: "\(category) \(record.number)", place: record.place, category: category,
        shape: isToText ? .statements(right: 1) : .images(keys.count), statements: isToText ? keys : [query],
        images: isToText ? [image(query)] : keys.map(image))
    }
  }
}
