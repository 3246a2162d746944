import Foundation

/// A safetensors file, opened without reading its data: tensors are converted to Float32 when they are asked for.
///
/// Format: https://huggingface.co/docs/safetensors. The file stays mapped while this value lives; it must not be
/// shortened meanwhile.
///
/// ```swift
/// let file = try SafetensorsFile("clip/model.safetensors")
/// let weights = Weights.checkpoint(file, name: file.name)
/// ```
public struct SafetensorsFile: TensorSource {
  /// The file as people know it: its path as it was given.
  public let name: String
  public let metadata: [String: String]
  private let header: SafetensorsHeader
  private let file: MappedFile

  /// Throws a `Problem` when the file cannot be opened, is cut, or contradicts itself.
  public init(_ path: String) throws {
    name = path
    file = try MappedFile(path)
    header = try SafetensorsHeader(file.bytes, name: path)
    metadata = header.metadata
  }

  /// In the order of the data.
  public var tensorNames: [String] { header.names }

  /// Sizes and stored type of a tensor, without reading it.
  public func description(of tensor: String) -> (type: SafetensorsType, dims: [Int])? {
    header.entries[tensor].map { ($0.type, $0.dims) }
  }

  /// The tensor as Float32; nil when there is none of this name.
  ///
  /// Cost: allocates and converts the whole tensor. Throws for whole-number and exotic types.
  public func tensor(named tensor: String) throws -> Tensor? {
    guard let entry = header.entries[tensor] else { return nil }
    guard entry.type.isReadableFloat else {
      throw Problem(
        "cannot read \(tensor) of \(name): it is stored as \(entry.type.rawValue)",
        advice: "weights may be F32, F16, BF16 or F64")
    }
    guard entry.dims.count <= 6, entry.dims.allSatisfy({ $0 <= Int32.max }) else {
      throw Problem("cannot read \(tensor) of \(name): the shape \(entry.dims) is beyond this program")
    }
    return Tensor.filled(Shape(entry.dims)) { out in withBytes(of: entry) { entry.type.convert($0, to: out) } }
  }

  /// The whole numbers of a tensor (timesteps, token ids) in row-major order; nil when there is none of this name.
  public func integers(named tensor: String) throws -> [Int64]? {
    guard let entry = header.entries[tensor] else { return nil }
    guard entry.type.isReadableInteger else {
      throw Problem(
        "cannot read \(tensor) of \(name) as whole numbers: it is stored as \(entry.type.rawValue)",
        advice: "whole numbers may be I64, I32, I16, I8, U16, U8 or BOOL")
    }
    return withBytes(of: entry) { entry.type.integers($0) }
  }

  private func withBytes<R>(of entry: SafetensorsHeader.Entry, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let (start, range) = (header.dataStart, entry.bytes)
    return withExtendedLifetime(file) {
      body(UnsafeRawBufferPointer(rebasing: file.bytes[start + range.lowerBound..<start + range.upperBound]))
    }
  }
}

/// A file's bytes as memory, read by the system when they are touched.
private final class MappedFile: Sendable {
  nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

  init(_ path: String) throws {
    func problem(_ advice: String?) -> Problem {
      Problem("cannot open \(path): \(String(cString: strerror(errno)))", advice: advice)
    }

    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw problem("check the path and its permissions") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw problem(nil) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Problem("cannot read \(path): it is not a file", advice: "give the path of a .safetensors file")
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
      throw problem(nil)
    }
    bytes = UnsafeRawBufferPointer(start: memory, count: size)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}
