import Foundation
import Kernels

/// How many processor cores this process may use, and what limits it: as many threads compute by default.
public struct UsableCores: Equatable, Sendable {
  /// Cores that are online.
  public let machine: Int
  /// Those that the process may run on (`taskset`, cpusets), or what OMP_NUM_THREADS and OMP_THREAD_LIMIT say, as `nproc`
  /// counts them.
  public let allowed: Int
  /// Cores' worth of time that its control groups leave it; nil without a quota.
  public let quota: Double?

  public static let here = UsableCores()

  /// - Parameters:
  ///   - affinity: of the calling thread, unless given.
  ///   - root: where `proc` lies.
  init(
    environment: [String: String] = ProcessInfo.processInfo.environment, affinity: Int? = nil, root: String = ""
  ) {
    func number(_ variable: String) -> Int? {
      let first = environment[variable]?.prefix { $0 != "," }.filter { !$0.isWhitespace }
      return first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }
    machine = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let cores = affinity ?? max(1, Int(kernels_allowed_cores()))
    allowed = min(number("OMP_NUM_THREADS") ?? cores, number("OMP_THREAD_LIMIT") ?? .max)
    quota = Self.quotas(root: root).min()
  }

  public var threads: Int { max(1, min(allowed, quota.map { Int($0.rounded(.up)) } ?? allowed)) }

  /// The quotas of the process's group and of those around it, of either version of control groups.
  private static func quotas(root: String) -> [Double] {
    func lines(_ path: String) -> [Substring] {
      (FileManager.default.contents(atPath: root + path) ?? Data()).split(separator: UInt8(ascii: "\n"))
        .map { Substring(decoding: $0, as: UTF8.self) }
    }
    func words(_ path: String) -> [Double?] { (lines(path).first ?? "").split(separator: " ").map { Double($0) } }
    func quota(_ folder: String) -> Double? {
      // "max 100000" or "150000 100000"; before version 2 in files of their own, −1 for none.
      let both = words(folder + "/cpu.max")
      let (time, period) =
        both.count == 2
        ? (both[0], both[1])
        : (words(folder + "/cpu.cfs_quota_us").first ?? nil, words(folder + "/cpu.cfs_period_us").first ?? nil)
      guard let time, let period, time > 0, period > 0 else { return nil }
      return time / period
    }
    let groups = lines("/proc/self/cgroup").map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    }
    return lines("/proc/self/mountinfo").flatMap { line -> [Double] in
      let (sides, fields) = (line.components(separatedBy: " - "), line.split(separator: " "))
      guard sides.count == 2, fields.count > 4 else { return [] }
      let file = sides[1].split(separator: " ")
      let isNew = file.first == "cgroup2"
      guard isNew || (file.first == "cgroup" && file.last?.split(separator: ",").contains("cpu") == true) else {
        return []
      }
      let group = groups.first {
        $0.count == 3 && (isNew ? $0[1].isEmpty : $0[1].split(separator: ",").contains("cpu"))
      }
      // Seen from inside a container a group's path may begin where the mount does.
      let (top, path) = (String(fields[3]), group.map { String($0[2]) } ?? "/")
      var parts = (path.hasPrefix(top) ? path.dropFirst(top.count) : path[...]).split(separator: "/")
      var found: [Double] = []
      while true {
        if let limit = quota("\(fields[4])/" + parts.joined(separator: "/")) { found.append(limit) }
        if parts.popLast() == nil { return found }
      }
    }
  }
}
