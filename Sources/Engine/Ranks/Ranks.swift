import CMPI
import Foundation
import Synchronization

/// The processes of a job that mpirun started, on one machine or on many, which train together over Open MPI.
///
/// Every rank makes the same calls in the same order; each call returns once all ranks have made it.
///
/// ```swift
/// let ranks = try Ranks.start(job)
/// let names = try ranks.gather(ProcessInfo.processInfo.hostName)
/// ```
public final class Ranks: Sendable {
  public let rank: Int
  public let count: Int
  let messages: MessageThread
  private let hosts: Mutex<[RankHost]>
  private let lostRank = Mutex<Int?>(nil)

  /// Of Open MPI: "4.1.4"; throws a `Problem` where its library is not found.
  public static func version() throws -> String {
    if let reason = openmpi_open() {
      throw Problem(
        "Open MPI was not found: \(String(cString: reason))",
        advice: "install it on every machine (Debian: apt install openmpi-bin), or start the program without mpirun")
    }
    return String(String(cString: openmpi_version()).drop { !$0.isNumber }.prefix { $0 != "," })
  }

  /// Meets the other ranks of the job.
  ///
  /// - Parameter interruption: the signal that wants this process to end; rank 0 waits half a second more for the others
  ///   once that is SIGTERM, for after it mpirun kills.
  public static func start(
    _ job: RankEnvironment, interruption: @escaping @Sendable () -> Interrupted? = { nil }
  ) throws -> Ranks {
    _ = try version()
    let messages = MessageThread()
    let (rank, count) = try messages.perform {
      var (rank, count) = (Int32(0), Int32(0))
      try MessageThread.check(openmpi_start(&rank, &count))
      return (Int(rank), Int(count))
    }
    guard (rank, count) == (job.rank, job.count) else {
      throw Problem(
        "mpirun started \(job.count) ranks, of which Open MPI's library finds \(count)",
        advice: "use the mpirun that belongs to it, of version \(try version())")
    }
    let ranks = Ranks(rank, count, messages)
    let hosts = try ranks.gather(RankHost.here)
    ranks.hosts.withLock { $0 = hosts }
    let peers = RankPeers(hosts, own: rank)
    let impatience = Impatience(interruption)
    messages.watch {
      if let lost = peers.lost {
        ranks.lostRank.withLock { $0 = lost }
        throw Problem("rank \(lost) (process \(hosts[lost].process) on \(hosts[lost].name)) has ended")
      }
      if rank == 0 { try impatience.check() }
    }
    return ranks
  }

  private init(_ rank: Int, _ count: Int, _ messages: MessageThread) {
    (self.rank, self.count, self.messages) = (rank, count, messages)
    hosts = Mutex([])
  }

  /// Rank 0 writes, and says what the others are to do.
  public var leads: Bool { rank == 0 }

  /// Whether the ranks can no longer meet.
  public var isBroken: Bool { messages.failure != nil }
  /// The rank that ended before the others, where that was seen.
  public var lost: Int? { lostRank.withLock { $0 } }

  /// Threads for this rank, so that those of one machine share its cores.
  public var threads: Int { hosts.withLock { RankHost.threads(of: rank, $0) } }

  /// Says goodbye; waits until all do.
  public func finish() {
    guard !isBroken else { return }
    _ = try? messages.perform { openmpi_finish() }
  }

  // MARK: - Collectives

  /// What every rank hands in, in the order of ranks.
  public func gather(_ own: Data) throws -> [Data] {
    try messages.perform { [self] in
      let size = UnsafeMutablePointer<Int32>.allocate(capacity: count + 1)
      defer { size.deallocate() }
      size[count] = Int32(own.count)
      try messages.finish { openmpi_gather(size + count, size, 4, $0) }
      let sizes = (0..<count).map { size[$0] }
      let offsets = sizes.indices.map { sizes[..<$0].reduce(0, +) }
      let all = UnsafeMutableRawPointer.allocate(byteCount: max(1, Int(sizes.reduce(0, +))), alignment: 16)
      defer { all.deallocate() }
      own.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { (all + Int(offsets[rank])).copyMemory(from: start, byteCount: own.count) }
      }
      try messages.finish { openmpi_gather_pieces(all, sizes, offsets, $0) }
      return (0..<count).map { Data(bytes: all + Int(offsets[$0]), count: Int(sizes[$0])) }
    }
  }

  /// What rank 0 hands in; the others hand in nil.
  public func broadcast(_ data: Data?) throws -> Data {
    try messages.perform { [self] in
      let size = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
      defer { size.deallocate() }
      size.pointee = Int32(data?.count ?? 0)
      try messages.finish { openmpi_broadcast(size, 4, 0, $0) }
      let all = UnsafeMutableRawPointer.allocate(byteCount: max(1, Int(size.pointee)), alignment: 16)
      defer { all.deallocate() }
      data?.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { all.copyMemory(from: start, byteCount: bytes.count) }
      }
      try messages.finish { openmpi_broadcast(all, size.pointee, 0, $0) }
      return Data(bytes: all, count: Int(size.pointee))
    }
  }

  public func gather<Value: Codable>(_ own: Value) throws -> [Value] {
    try gather(JSONEncoder().encode([own])).map { try JSONDecoder().decode([Value].self, from: $0)[0] }
  }

  public func broadcast<Value: Codable>(_ value: Value?) throws -> Value {
    try JSONDecoder().decode([Value].self, from: broadcast(value.map { try JSONEncoder().encode([$0]) }))[0]
  }

  /// Does what may fail on some ranks only; then all throw what the first of them throws.
  public func agree<R>(_ body: () throws -> R) throws -> R {
    let result = Result { try body() }
    var failure: RankFailure?
    if case .failure(let error) = result { failure = RankFailure(error) }
    try throwFirst(of: gather(failure))
    return try result.get()
  }

  /// Throws the failure of the lowest rank that has one.
  public func throwFirst(of failures: [RankFailure?]) throws {
    for (rank, failure) in failures.enumerated() {
      if let failure { throw failure.error(of: rank, on: hosts.withLock { $0[rank].name }) }
    }
  }
}

/// An error on its way to the other ranks.
public struct RankFailure: Codable, Sendable {
  private let signal: Int32?
  private let message: String
  private let advice: String?

  public init(_ error: any Error) {
    let problem = Problem(error)
    (signal, message, advice) = ((error as? Interrupted)?.signal, problem.message, problem.advice)
  }

  fileprivate func error(of rank: Int, on host: String) -> any Error {
    if let signal { return Interrupted(signal) }
    return Problem((rank == 0 ? "" : "rank \(rank) on \(host): ") + message, advice: advice)
  }
}

/// Ends a wait of rank 0 half a second after it was to end.
private final class Impatience: Sendable {
  private let interruption: @Sendable () -> Interrupted?
  private let since = Mutex<ContinuousClock.Instant?>(nil)

  init(_ interruption: @escaping @Sendable () -> Interrupted?) { self.interruption = interruption }

  func check() throws {
    guard let signal = interruption(), signal.signal == SIGTERM else { return }
    let first = since.withLock { since in
      since = since ?? .now
      return since ?? .now
    }
    if .now - first > .milliseconds(500) { throw signal }
  }
}
