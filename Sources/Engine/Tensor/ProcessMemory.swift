import Foundation
import Glibc
import Kernels

/// What this process takes of the machine's memory.
public enum ProcessMemory {
  /// The most that was ever resident, in bytes.
  public static var peak: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// Bytes in memory now, mapped files included; nil where the system does not say.
  public static var resident: Int? {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return fields.count > 1 ? Int(fields[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
  }

  /// Bytes that are handed out by the C library now: Swift's objects, but not tensors, whose memory is the pool's.
  public static var allocated: Int { Int(kernels_allocated_bytes()) }

  /// How often a tensor's memory was not in the pool, since the program began.
  public static var poolMisses: Int { BufferPool.misses.load(ordering: .relaxed) }

  /// Gives back to the system what no tensor uses, but for small pieces: after opening models, between two kinds of work.
  public static func trim() {
    BufferPool.trim()
    kernels_trim_heap()
  }

  /// What the machine could still give, in bytes; nil where the system does not say.
  public static var available: Int? {
    let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
    let line = text?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
