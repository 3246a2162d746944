/// A safetensors file, opened without reading its data: tensors are converted to Float32 on demand.
///
/// Format: https://huggingface.co/docs/safetensors. The file stays mapped while this value lives; it must not be
/// shortened meanwhile.
///
/// ```swift
/// let file = try SafetensorsFile("clip/model.safetensors")
/// let weights = Weights.file(file, name: file.name)
/// ```
public struct SafetensorsFile: TensorSource {
  public let metadata: [String: String]
  private let tensors: MappedTensors

  /// Throws a `Problem` when the file cannot be opened, is cut, or contradicts itself.
  public init(_ path: String) throws { try self.init(MappedFile(path), name: path) }

  /// A whole file's contents, such as a compressed one had.
  public init(contents: [UInt8], name: String) throws { try self.init(MappedFile(contents), name: name) }

  init(_ file: MappedFile, name: String) throws {
    let header = try SafetensorsHeader(file.bytes, name: name)
    metadata = header.metadata
    let entries = header.entries.mapValues { entry in
      MappedTensors.Entry(
        description: TensorDescription(type: entry.type, dims: entry.dims),
        bytes: header.dataStart + entry.bytes.lowerBound..<header.dataStart + entry.bytes.upperBound, strides: nil)
    }
    tensors = MappedTensors(name: name, file: file, names: header.names, entries: entries)
  }

  /// The file as people know it: its path as it was given.
  public var name: String { tensors.name }

  /// In the order of the data.
  public var tensorNames: [String] { tensors.names }

  /// Sizes and stored type of a tensor, without reading it.
  public func description(of tensor: String) -> TensorDescription? { tensors.description(of: tensor) }

  /// The tensor as Float32; nil when there is none of this name.
  ///
  /// Cost: allocates and converts the whole tensor. Throws for whole-number and exotic types.
  public func tensor(named tensor: String) throws -> Tensor? { try tensors.tensor(named: tensor) }

  /// The tensor as it stands in the file; nil when there is none of this name.
  public func stored(named tensor: String) throws -> StoredTensor? { try tensors.stored(named: tensor) }

  /// The whole numbers of a tensor (timesteps, token ids) in row-major order; nil when there is none of this name.
  public func integers(named tensor: String) throws -> [Int64]? { try tensors.integers(named: tensor) }
}
