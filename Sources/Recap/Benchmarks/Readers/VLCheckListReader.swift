import Engine
import Foundation

extension BenchmarkReader {
  /// An image with true and false texts. Source: arXiv 2207.00221; `data/{Attribute,Object,Relation}/….json`.
  static let vlCheckList = BenchmarkReader(
    "vl-checklist", "VL-CheckList", published: nil,
    layout: "data/Attribute, data/Object, data/Relation with NAME.json ([image, {POS, NEG}]), vg/, hake/, swig/"
  ) { folder in
    let found = ["", "data/"].lazy.map { root in
      ["Attribute", "Object", "Relation"].flatMap { files(root + $0, in: folder, depth: 3) }
    }
    guard let files = found.first(where: { !$0.isEmpty }) else { return nil }
    return try files.map { file, category in
      let list = try BenchmarkFolder.records(file)
      let records = try list.enumerated().flatMap { number, json -> [BenchmarkRecord] in
        let fields = json.elements ?? []
        let record = RecordMembers(fields.last ?? .null, file.path, number)
        guard fields.count == 2, let image = fields[0].text else {
          throw record.problem("expected an image and its texts, POS and NEG")
        }
        let (right, wrong) = (try record.texts("POS"), try record.texts("NEG"))
        return zip(right, wrong).enumerated().map { place, texts in
          BenchmarkRecord(
            id: "\(category) \(number)" + (place == 0 ? "" : ".\(place)"), place: record.place, category: category,
            shape: .statements(right: 1), statements: [texts.0, texts.1], images: [image])
        }
      }
      return BenchmarkTable(file: file.path, category: category, records: records)
    }
  }

  /// JSON files of a folder and those below, each with its path as its category: "Attribute/vg/action".
  private static func files(_ path: String, in folder: BenchmarkFolder, depth: Int) -> [(URL, String)] {
    let category = path.hasPrefix("data/") ? String(path.dropFirst(5)) : path
    let own = folder.files(".json", in: path).map {
      ($0, "\(category)/\($0.deletingPathExtension().lastPathComponent)")
    }
    guard depth > 0 else { return own }
    let below = folder.files("", in: path).map(\.lastPathComponent).filter { !$0.contains(".") }
    return own + below.flatMap { files("\(path)/\($0)", in: folder, depth: depth - 1) }
  }
}
