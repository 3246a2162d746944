/// How far the weights of one file or folder have been read.
public struct ReadingProgress: Equatable, Sendable {
  /// The file or folder.
  public let name: String
  public let tensors: Int
  public let allTensors: Int
  /// In stored precision.
  public let bytes: Int
  public let allBytes: Int
}

/// Called before the first tensor is read and after each one; what it throws ends the reading.
public typealias ReadingObserver = (ReadingProgress) throws -> Void

/// Weights that report how far they have been read.
public final class ObservedTensors: TensorSource {
  private let source: any TensorSource
  private let name: String
  private let observer: ReadingObserver
  private var read: Set<String> = []
  private var bytes = 0
  private let allBytes: Int

  /// - Parameter name: the file or folder, for the observer.
  public init(_ source: any TensorSource, name: String, observer: @escaping ReadingObserver) {
    (self.source, self.name, self.observer) = (source, name, observer)
    allBytes = source.tensorNames.reduce(0) { $0 + (source.description(of: $1)?.byteCount ?? 0) }
  }

  public var tensorNames: [String] { source.tensorNames }
  public var metadata: [String: String] { source.metadata }
  public func description(of name: String) -> TensorDescription? { source.description(of: name) }
  public func shape(of name: String) throws -> Shape? { try source.shape(of: name) }

  public func tensor(named name: String) throws -> Tensor? { try reporting(name) { try source.tensor(named: name) } }
  public func stored(named name: String) throws -> StoredTensor? {
    try reporting(name) { try source.stored(named: name) }
  }

  private func reporting<Result>(_ name: String, _ read: () throws -> Result?) throws -> Result? {
    if self.read.isEmpty { try tell() }
    guard let result = try read() else { return nil }
    if self.read.insert(name).inserted {
      bytes += source.description(of: name)?.byteCount ?? 0
      try tell()
    }
    return result
  }

  private func tell() throws {
    try observer(
      ReadingProgress(
        name: name, tensors: read.count, allTensors: tensorNames.count, bytes: bytes, allBytes: allBytes))
  }
}
