import Foundation

/// Weights in any common format, recognised by their contents: a safetensors file, a file of PyTorch's
/// (`.pt`, `.pth`, `.bin`), or a folder of Hugging Face's, open_clip's or diffusers' with one or many of them.
///
/// Opening is quick whatever the size: numbers are read on demand.
///
/// ```swift
/// let file = try WeightsFile("ViT-L-14.pt")
/// print(file.format, file.tensorNames.count)
/// ```
public struct WeightsFile: TensorSource {
  /// The file or folder as it was given.
  public let path: String
  /// The format's name, the same for every file of it: "safetensors", "TorchScript module".
  public let format: String
  /// The weights files that were opened, one unless they are sharded.
  public let files: [String]
  private let source: any TensorSource

  /// Throws a `Problem` when there is nothing that can be read, or it contradicts itself.
  public init(_ path: String) throws {
    guard let isFolder = FileManager.default.isFolder(path) else {
      throw Problem("cannot open \(path): there is no such file or folder", advice: "check the path")
    }
    self = isFolder ? try WeightsFolder(path).weightsFile() : try WeightsFile(file: path)
  }

  /// One weights file.
  init(file path: String) throws {
    let file = try MappedFile(path)
    if PyTorchFile.isPyTorch(file.bytes) {
      let opened = try PyTorchFile(file, name: path)
      self.init(path: path, format: opened.kind.rawValue, files: [path], source: opened)
    } else if let other = OtherFile(file.bytes) {
      throw Problem("cannot read \(path): it is \(other.name)", advice: other.advice)
    } else {
      self.init(path: path, format: "safetensors", files: [path], source: try SafetensorsFile(file, name: path))
    }
  }

  init(path: String, format: String, files: [String], source: any TensorSource) {
    (self.path, self.format, self.files, self.source) = (path, format, files, source)
  }

  public var tensorNames: [String] { source.tensorNames }
  public var metadata: [String: String] { source.metadata }
  public func tensor(named name: String) throws -> Tensor? { try source.tensor(named: name) }
  public func description(of name: String) -> TensorDescription? { source.description(of: name) }
  public func stored(named name: String) throws -> StoredTensor? { try source.stored(named: name) }
}

/// Files that people take for weights, by what they begin with. Whatever is not among them is read as safetensors.
private struct OtherFile {
  let name: String
  let advice: String

  private static let weights = "expected a .safetensors file, or one that torch.save or torch.jit.save wrote"

  init?(_ file: UnsafeRawBufferPointer) {
    let start = String(decoding: file.prefix(64), as: UTF8.self).drop { $0.isWhitespace }.lowercased()
    let kinds: [(Bool, String, String)] = [
      (
        start.hasPrefix("version https://git-lfs"), "a Git LFS pointer, not the weights themselves",
        "run git lfs pull in its repository, or download the file itself"
      ),
      (start.hasPrefix("<!doctype") || start.hasPrefix("<html"), "a web page", "download the file itself"),
      (
        start.hasPrefix("<") && Self.isText(file), "XML, such as a server's error, not weights",
        "download the file itself"
      ),
      (file.has([0x89, 0x48, 0x44, 0x46]), "an HDF5 file, such as TensorFlow's weights", Self.weights),
      (file.has([0x1F, 0x8B]), "gzip-compressed", "unpack it first"),
      (
        file.has(Array("ustar".utf8), at: 257), "a tar archive, as PyTorch wrote before 0.1.10 and NeMo writes",
        "unpack it, or save it again with a PyTorch of today"
      ),
      (
        file.has([0x80]) && (file.count < 2 || file[1] <= 5) && !Self.hasHeader(file), "a bare Python pickle",
        Self.weights
      ),
      (
        Self.isText(file) && (start.hasPrefix("{") || start.hasPrefix("[")), "JSON, not weights",
        "give the weights themselves, or the folder that it describes"
      ),
      (Self.isText(file), "a text, not weights", "download the file itself"),
    ]
    guard let kind = kinds.first(where: \.0) else { return nil }
    (name, advice) = (kind.1, kind.2)
  }

  /// The size of a header, with which safetensors begins, has zeros in it.
  private static func isText(_ file: UnsafeRawBufferPointer) -> Bool {
    file.count > 0 && file.prefix(64).allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
  }

  /// A header of safetensors may be 0x80 bytes long; then its JSON follows the eight bytes of the length.
  private static func hasHeader(_ file: UnsafeRawBufferPointer) -> Bool { file.has([UInt8(ascii: "{")], at: 8) }
}
