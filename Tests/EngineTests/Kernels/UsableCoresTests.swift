import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite("The number of threads")
struct UsableCoresTests {
  /// Files below a folder, as the system shows them.
  private func cores(
    _ environment: [String: String] = [:], affinity: Int = 8, group: String = "0::/job/step",
    mount: String = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw", files: [String: String] = [:]
  ) throws -> UsableCores {
    try withFolder { root in
      for (path, text) in files.merging(
        ["/proc/self/cgroup": group, "/proc/self/mountinfo": mount], uniquingKeysWith: { $1 })
      {
        let file = URL(filePath: root + path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data((text + "\n").utf8).write(to: file)
      }
      return UsableCores(environment: environment, affinity: affinity, root: root)
    }
  }

  @Test("is what nproc says")
  func affinity() throws {
    #expect(try cores(affinity: 3).threads == 3)
    #expect(try cores(["OMP_NUM_THREADS": " 2,4"]).threads == 2)
    #expect(try cores(["OMP_NUM_THREADS": "none", "OMP_THREAD_LIMIT": "5"]).threads == 5)
    let nproc = Process()
    let output = Pipe()
    (nproc.executableURL, nproc.standardOutput) = (URL(filePath: "/usr/bin/env"), output)
    nproc.arguments = ["nproc"]
    try nproc.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    #expect(text == "\(UsableCores().allowed)\n")
  }

  @Test("is limited by the quota of the control group and those around it, rounded up")
  func quota() throws {
    let group = "/sys/fs/cgroup"
    #expect(try cores(files: [group + "/job/step/cpu.max": "150000 100000"]).threads == 2)
    #expect(try cores(files: [group + "/job/step/cpu.max": "max 100000"]).threads == 8)
    #expect(
      try cores(files: [group + "/job/step/cpu.max": "max 100000", group + "/job/cpu.max": "300000 100000"]).quota == 3)
    #expect(try cores(files: [group + "/job/cpu.max": "1000 100000"]).threads == 1)
    // In a container the path is the host's, and the mount is the group.
    #expect(try cores(files: [group + "/cpu.max": "50000 100000"]).threads == 1)
  }

  @Test("is limited by the quota of the older control groups")
  func oldQuota() throws {
    let mount = "33 25 0:30 /docker /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
    func cores(_ quota: String) throws -> UsableCores {
      let folder = "/sys/fs/cgroup/cpu,cpuacct/a/"
      return try self.cores(
        group: "9:name=systemd:/\n4:cpu,cpuacct:/docker/a", mount: mount,
        files: [folder + "cpu.cfs_quota_us": quota, folder + "cpu.cfs_period_us": "100000"])
    }
    #expect(try cores("250000").threads == 3 && cores("250000").quota == 2.5)
    #expect(try cores("-1").threads == 8 && cores("-1").quota == nil)
  }
}
