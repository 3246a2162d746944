import Engine

/// A benchmark of fine detail that is read: its name, its files, its published size.
public struct BenchmarkReader: Sendable {
  /// As the JSON and `corrections.json` have it.
  public let name: String
  public let title: String
  /// Pairs as published; nil where there is no fixed number.
  public let published: Int?
  /// Its files, for help and messages.
  public let layout: String
  /// Stands before each statement.
  public let prefix: String
  /// nil where the folder is not of this benchmark.
  let tables: @Sendable (BenchmarkFolder) throws -> [BenchmarkTable]?

  init(
    _ name: String, _ title: String, published: Int?, layout: String, prefix: String = "",
    tables: @escaping @Sendable (BenchmarkFolder) throws -> [BenchmarkTable]?
  ) {
    (self.name, self.title, self.published, self.layout) = (name, title, published, layout)
    (self.prefix, self.tables) = (prefix, tables)
  }

  /// One file, whose records are a pair each: an image with right and wrong statements.
  static func list(
    _ name: String, _ title: String, published: Int? = nil, _ file: String, layout: String,
    record: @escaping @Sendable (RecordMembers) throws -> BenchmarkRecord
  ) -> BenchmarkReader {
    BenchmarkReader(name, title, published: published, layout: "\(file) \(layout)") { folder in
      try folder.file(file).map { [try BenchmarkTable($0, record: record)] }
    }
  }

  /// All but MMVP-VLM, which `MMVPFolder` reads.
  public static let all: [BenchmarkReader] =
    [sugarCrepe, sugarCrepePlus, whatsUpA, whatsUpB] + whatsUpPhotos + [
      aroRelation, aroAttribution, aroCOCOOrder, aroFlickrOrder, vlCheckList, spec,
    ] + squares

  /// Their layouts, a line each.
  public static var layouts: String {
    (["MMVP-VLM: Questions.csv, MLLM_VLM_Images/"] + all.map { "\($0.title): \($0.layout)" }).joined(separator: "\n")
  }
}
