import Engine

/// Relations, attributes and word order. Source: arXiv 2210.01936.
extension BenchmarkReader {
  static let aroRelation = cropped(
    "aro-relation", "ARO, Visual Genome Relation", 23937, "visual_genome_relation.json"
  ) { $0.optionalText("relation_name") }
  static let aroAttribution = cropped(
    "aro-attribution", "ARO, Visual Genome Attribution", 28748, "visual_genome_attribution.json"
  ) { record in
    record.json["attributes"]?.elements.map { $0.compactMap(\.text).joined(separator: ", ") }
  }

  /// Captions in five word orders, the first as it was written: `test_cases` of ARO's COCO_Order and Flickr30k_Order.
  static let aroCOCOOrder = order("aro-coco-order", "ARO, COCO Order", "coco_order.json")
  static let aroFlickrOrder = order("aro-flickr-order", "ARO, Flickr30k Order", "flickr30k_order.json")

  /// Boxes of Visual Genome's images with a true and a false caption.
  private static func cropped(
    _ name: String, _ title: String, _ published: Int, _ file: String,
    category: @escaping @Sendable (RecordMembers) -> String?
  ) -> BenchmarkReader {
    list(
      name, title, published: published, file,
      layout: "(image_path, bbox_x, bbox_y, bbox_w, bbox_h, true_caption, false_caption, …), images/"
    ) { record in
      let box = PixelBox(
        x: try record.integer("bbox_x"), y: try record.integer("bbox_y"), width: try record.integer("bbox_w"),
        height: try record.integer("bbox_h"))
      return BenchmarkRecord(
        id: "\(record.number)", place: record.place, category: category(record), shape: .statements(right: 1),
        statements: [try record.text("true_caption"), try record.text("false_caption")],
        images: [try record.text("image_path")], crop: box)
    }
  }

  private static func order(_ name: String, _ title: String, _ file: String) -> BenchmarkReader {
    list(name, title, file, layout: "(image or image_path, caption_options: the right one first), images/") { record in
      BenchmarkRecord(
        id: "\(record.number)", place: record.place, shape: .statements(right: 1), statements: try record.options(),
        images: [try record.optionalText("image") ?? record.text("image_path")])
    }
  }
}
