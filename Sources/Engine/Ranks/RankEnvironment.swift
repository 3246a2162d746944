import Foundation

/// What Open MPI's `mpirun` says to each process of a job that it starts.
public struct RankEnvironment: Equatable, Sendable {
  /// The number of the process, from 0, and how many there are.
  public let rank: Int
  public let count: Int
  /// Its number among those of its machine.
  private let localRank: Int

  /// nil for a process that was started alone.
  public init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard let count = environment["OMPI_COMM_WORLD_SIZE"].flatMap({ Int($0) }),
      let rank = environment["OMPI_COMM_WORLD_RANK"].flatMap({ Int($0) }), count > 0, (0..<count).contains(rank)
    else { return nil }
    (self.rank, self.count) = (rank, count)
    localRank = environment["OMPI_COMM_WORLD_LOCAL_RANK"].flatMap { Int($0) } ?? rank
  }

  /// Whether it is the first of a machine on which rank 0 is not.
  public var isFirstOfOtherMachine: Bool { localRank == 0 && rank != 0 }

  public static let here = RankEnvironment()

  /// Whether this process speaks for its job: what all of them have to say is said once.
  public static var speaks: Bool { here.map { $0.rank == 0 } ?? true }
}
