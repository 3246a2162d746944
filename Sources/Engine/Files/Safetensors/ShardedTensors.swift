import Foundation

/// Weights spread over several files of one folder, with an index that says which tensor is where.
struct ShardedTensors: TensorSource {
  private let folder: WeightsFolder
  private let files: [String: WeightsFile]
  private let place: [String: String]
  let tensorNames: [String]

  init(folder: WeightsFolder, index: String) throws {
    let map = try ShardedTensors.weightMap(folder.file(index))
    let names = Set(map.map(\.file)).sorted()
    let missing = names.filter { !FileManager.default.fileExists(atPath: folder.file($0)) }
    guard missing.isEmpty else {
      throw Problem(
        "cannot open \(folder.path): \(missing.count) of its \(names.count) weights files are missing: "
          + missing.prefix(4).map(\.shown).joined(separator: ", ") + (missing.count > 4 ? ", …" : ""),
        advice: "\(index) names them; download them into the same folder")
    }
    var files: [String: WeightsFile] = [:]
    for name in names { files[name] = try WeightsFile(file: folder.file(name)) }
    var place: [String: String] = [:]
    for (tensor, name) in map {
      guard files[name]?.description(of: tensor) != nil else {
        throw Problem(
          "cannot read \(folder.file(index)): \(name) holds no tensor \(tensor.shown)",
          advice: "download the folder again")
      }
      place[tensor] = name
    }
    (self.folder, self.files, self.place, tensorNames) = (folder, files, place, map.map(\.tensor))
  }

  private static func weightMap(_ path: String) throws -> [(tensor: String, file: String)] {
    let data = try SmallFile.read(path)
    guard let members = try JSON(parsing: [UInt8](data), file: path)["weight_map"]?.members, !members.isEmpty else {
      throw Problem("cannot read \(path): it has no weight_map", advice: "download the folder again")
    }
    return try members.map { member in
      guard let file = member.value.text, isPlain(file) else {
        throw Problem(
          "cannot read \(path): \(member.name.shown) is said to be in \(member.value.compact.shown)",
          advice: "a weight_map may only name files in its own folder")
      }
      return (member.name, file)
    }
  }

  /// An index comes from strangers: it must not point outside its folder.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.contains("/") && !name.contains("\\") && name != "." && name != ".." && !name.contains("\0")
      && name.utf8.count <= 255
  }

  private func file(of tensor: String) -> WeightsFile? { place[tensor].flatMap { files[$0] } }

  var metadata: [String: String] { files.sorted { $0.key < $1.key }.first?.value.metadata ?? [:] }
  func tensor(named name: String) throws -> Tensor? { try file(of: name)?.tensor(named: name) }
  func description(of name: String) -> TensorDescription? { file(of: name)?.description(of: name) }
  func stored(named name: String) throws -> StoredTensor? { try file(of: name)?.stored(named: name) }

  /// All shards as one.
  var file: WeightsFile {
    let formats = Set(files.values.map(\.format)).sorted().joined(separator: " and ")
    return WeightsFile(
      path: folder.path, format: formats, files: files.values.flatMap(\.files).sorted(), source: self)
  }
}
