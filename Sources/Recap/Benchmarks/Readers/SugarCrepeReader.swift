import Engine
import Foundation

extension BenchmarkReader {
  /// An image with a true and a false caption; a file a kind of falsehood. Source: arXiv 2306.14610.
  static let sugarCrepe = BenchmarkReader(
    "sugarcrepe", "SugarCrepe", published: 7511,
    layout: "add_att.json, add_obj.json, replace_att.json, replace_obj.json, replace_rel.json, swap_att.json, "
      + "swap_obj.json (filename, caption, negative_caption), COCO's val2017/"
  ) { try sugarCrepeTables($0, isPlus: false) }

  /// Two captions that say the same and a false one. Source: arXiv 2406.11171.
  static let sugarCrepePlus = BenchmarkReader(
    "sugarcrepe++", "SugarCrepe++", published: nil,
    layout: "replace_att.json, replace_obj.json, replace_rel.json, swap_att.json, swap_obj.json (filename, caption, "
      + "caption2, negative_caption), COCO's val2017/"
  ) { try sugarCrepeTables($0, isPlus: true) }

  private static func sugarCrepeTables(_ folder: BenchmarkFolder, isPlus: Bool) throws -> [BenchmarkTable]? {
    let names = ["add_att", "add_obj", "replace_att", "replace_obj", "replace_rel", "swap_att", "swap_obj"]
    let tables = try names.compactMap { name -> BenchmarkTable? in
      guard let file = folder.file(name + ".json") else { return nil }
      let json = try BenchmarkFolder.json(file)
      // A dictionary by number, or a list.
      let members = json.members ?? json.elements?.enumerated().map { JSON.Member("\($0)", $1) } ?? []
      if let first = members.first { guard (first.value["caption2"] != nil) == isPlus else { return nil } }
      if members.isEmpty, isPlus { return nil }
      return try BenchmarkTable(file, category: name, members.map(\.value)) { record in
        let right = try [record.text("caption")] + (isPlus ? [record.text("caption2")] : [])
        return BenchmarkRecord(
          id: "\(name) \(members[record.number].name)", place: record.place, category: name,
          shape: .statements(right: right.count), statements: right + [try record.text("negative_caption")],
          images: [try record.text("filename")])
      }
    }
    return tables.contains { !$0.records.isEmpty } ? tables : nil
  }
}
