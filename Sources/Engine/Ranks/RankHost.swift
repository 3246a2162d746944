import CMPI
import Foundation
import Synchronization

/// Where a rank runs.
struct RankHost: Codable, Equatable {
  let name: String
  let process: Int32
  /// The cores that it may run on, and how many threads it would start alone.
  let cores: Set<Int>
  let threads: Int
  /// Cores' worth of time that all ranks of its machine share; nil without a quota.
  let quota: Double?

  static var here: RankHost {
    let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
    let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first {
      $0.hasPrefix("Cpus_allowed_list:")
    }
    let list = line?.split(separator: ":").last.map(String.init) ?? ""
    let here = UsableCores.here
    return RankHost(
      name: ProcessInfo.processInfo.hostName, process: getpid(), cores: cores(list), threads: here.threads,
      quota: here.quota)
  }

  /// The numbers of "0-3,8".
  static func cores(_ list: String) -> Set<Int> {
    Set(
      list.split(separator: ",").flatMap { part -> [Int] in
        let ends = part.split(separator: "-").compactMap { Int($0.filter(\.isNumber)) }
        guard let first = ends.first, let last = ends.last, first <= last else { return [] }
        return Array(first...last)
      })
  }

  /// A core that several ranks of a machine may run on, as where mpirun binds none, counts for each of them a part.
  static func threads(of rank: Int, _ hosts: [RankHost]) -> Int {
    let own = hosts[rank]
    let neighbours = hosts.filter { $0.name == own.name }
    let share = own.cores.reduce(0.0) { sum, core in
      sum + 1 / Double(max(1, neighbours.count { $0.cores.contains(core) }))
    }
    let quota = own.quota.map { ($0 / Double(neighbours.count)).rounded(.up) } ?? .infinity
    // A third of three cores is one core.
    return max(1, min(own.threads, Int(min(share + 1e-6, quota))))
  }
}

/// Sees when a rank on this machine ends.
final class RankPeers: Sendable {
  private let descriptors: [(rank: Int, descriptor: Int32)]
  private let firstSeen = Mutex<ContinuousClock.Instant?>(nil)

  init(_ hosts: [RankHost], own: Int) {
    descriptors = hosts.indices.filter { $0 != own && hosts[$0].name == hosts[own].name }
      .map { ($0, process_descriptor(hosts[$0].process)) }
  }

  /// The rank that has ended; what it had sent before has had time to come.
  var lost: Int? {
    let ended = descriptors.first { peer in
      guard peer.descriptor >= 0 else { return false }
      var look = pollfd(fd: peer.descriptor, events: Int16(POLLIN), revents: 0)
      return poll(&look, 1, 0) > 0
    }
    guard let ended else { return nil }
    let first = firstSeen.withLock { first in
      first = first ?? .now
      return first ?? .now
    }
    return .now - first > .milliseconds(200) ? ended.rank : nil
  }
}
