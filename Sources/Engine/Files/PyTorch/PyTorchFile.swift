/// A file of weights that PyTorch wrote: `torch.save` of a state dict or of a whole module, in today's zip format or
/// the one before version 1.6, and the TorchScript archives that OpenAI's CLIP comes in.
///
/// Opening reads the table of contents and the description of the tensors, never their numbers. Nothing in the file
/// can run: the pickle inside is read as data (`PickleMachine`), and names outside a short list are refused.
///
/// ```swift
/// let file = try PyTorchFile("ViT-L-14.pt")
/// let weights = Weights.file(file, name: file.name)
/// ```
public struct PyTorchFile: TensorSource {
  /// What a file holds, and how.
  public enum Kind: String, Sendable {
    case stateDict = "PyTorch state dict"
    case module = "PyTorch module"
    case torchScript = "TorchScript module"
    case legacyStateDict = "PyTorch state dict, before 1.6"
    case legacyModule = "PyTorch module, before 1.6"
  }

  public let kind: Kind
  public let metadata: [String: String]
  private let tensors: MappedTensors

  /// A longer description of tensors is an attack, not a model; the largest models have a tenth of it.
  static let longestPickle = 32 << 20

  /// Throws a `Problem` when the file cannot be opened, is cut, contradicts itself or would run something.
  public init(_ path: String) throws { try self.init(MappedFile(path), name: path) }

  init(_ file: MappedFile, name: String) throws {
    do {
      if LegacyPyTorch.isLegacy(file.bytes) {
        let legacy = try LegacyPyTorch(file.bytes)
        kind = legacy.model.kind == .dictionary ? .legacyStateDict : .legacyModule
        metadata = legacy.model.metadata
        tensors = try legacy.model.mapped(file, name: name) { storage throws(PickleRefusal) in
          try legacy.bytes(of: storage)
        }
      } else {
        let archive = try PyTorchArchive(file.bytes, name: name)
        kind =
          switch archive.model.kind {
          case .dictionary: .stateDict
          case .module: .module
          case .script: .torchScript
          }
        metadata = archive.model.metadata
        tensors = try archive.model.mapped(file, name: name) { storage throws(PickleRefusal) in
          try archive.bytes(of: storage)
        }
      }
    } catch let refusal as PickleRefusal {
      throw Problem(
        "cannot read \(name): \(refusal.reason)",
        advice: refusal.advice ?? "the file is damaged or incomplete: copy or download it again")
    }
  }

  /// True for a file that begins as either of PyTorch's formats does.
  static func isPyTorch(_ file: UnsafeRawBufferPointer) -> Bool {
    ZipArchive.isZip(file) || LegacyPyTorch.isLegacy(file)
  }

  /// The file as people know it: its path as it was given.
  public var name: String { tensors.name }

  /// As `state_dict()` names and orders them; a prefix such as `module.` stays.
  public var tensorNames: [String] { tensors.names }

  public func description(of tensor: String) -> TensorDescription? { tensors.description(of: tensor) }

  /// The tensor as Float32; nil when there is none of this name. Throws for whole-number and exotic types.
  public func tensor(named tensor: String) throws -> Tensor? { try tensors.tensor(named: tensor) }

  /// The tensor as it stands in the file; nil when there is none of this name.
  public func stored(named tensor: String) throws -> StoredTensor? { try tensors.stored(named: tensor) }

  /// The whole numbers of a tensor in row-major order; nil when there is none of this name.
  public func integers(named tensor: String) throws -> [Int64]? { try tensors.integers(named: tensor) }
}

extension PickledModel {
  /// Every tensor with its checked place in the file; `bytes` says where a storage lies.
  fileprivate func mapped(
    _ file: MappedFile, name: String, bytes: (PickledStorage) throws(PickleRefusal) -> Range<Int>
  ) throws(PickleRefusal) -> MappedTensors {
    var entries: [String: MappedTensors.Entry] = [:]
    entries.reserveCapacity(tensors.count)
    for (name, tensor) in tensors {
      let entry: MappedTensors.Entry
      do {
        entry = try tensor.place(in: try bytes(tensor.storage))
      } catch {
        throw PickleRefusal("\(name.shown): \(error.reason)", advice: error.advice)
      }
      guard entries.updateValue(entry, forKey: name) == nil else {
        throw PickleRefusal("the tensor \(name.shown) stands in it twice")
      }
    }
    return MappedTensors(name: name, file: file, names: tensors.map(\.name), entries: entries)
  }
}

/// Today's format: a zip archive `<root>/data.pkl`, `<root>/data/<key>`, …; whatever else is in it does not matter.
private struct PyTorchArchive {
  let model: PickledModel
  private let zip: ZipArchive
  private let root: String

  init(_ file: UnsafeRawBufferPointer, name: String) throws {
    zip = try ZipArchive(file, name: name)
    let roots = zip.names.filter { $0.hasSuffix("/data.pkl") && $0.count { $0 == "/" } == 1 }
    guard roots.count == 1, let place = roots.first else {
      throw Problem(
        "cannot read \(name): it is a zip archive with \(roots.isEmpty ? "no" : "more than one") data.pkl",
        advice: "expected a file that torch.save or torch.jit.save wrote")
    }
    root = String(place.dropLast("data.pkl".count))
    let order = zip.members[root + "byteorder"].map { [UInt8](file[$0.bytes]) }
    guard order == nil || order == Array("little".utf8) else {
      throw PickleRefusal(
        "it was written on a machine that stores numbers back to front", advice: "save it again on an ordinary one")
    }
    let pickle = file[try Self.contents(zip.members[place], named: place)]
    guard pickle.count <= PyTorchFile.longestPickle else {
      throw PickleRefusal(
        "its description of tensors is \(pickle.count) bytes, \(PyTorchFile.longestPickle) are allowed")
    }
    model = try PickledModel(PickleMachine.read([UInt8](pickle)).pickle)
  }

  func bytes(of storage: PickledStorage) throws(PickleRefusal) -> Range<Int> {
    let place = root + "data/" + storage.key
    return try Self.contents(zip.members[place], named: place)
  }

  private static func contents(_ member: ZipArchive.Member?, named name: String) throws(PickleRefusal) -> Range<Int> {
    guard let member else { throw PickleRefusal("it has no member \(name.shown)") }
    guard let obstacle = member.obstacle else { return member.bytes }
    throw PickleRefusal("its member \(name.shown) cannot be used: \(obstacle)", advice: "save it again with torch.save")
  }
}
