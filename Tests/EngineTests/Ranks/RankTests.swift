import Testing

@testable import Engine

@Suite("A rank")
struct RankTests {
  private func host(_ name: String, _ cores: String, quota: Double? = nil) -> RankHost {
    let cores = RankHost.cores(cores)
    return RankHost(name: name, process: 1, cores: cores, threads: cores.count, quota: quota)
  }

  @Test("knows its number and theirs from what mpirun says")
  func environment() {
    let said = ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "0"]
    let rank = RankEnvironment(said)
    #expect(rank?.rank == 2 && rank?.count == 4 && rank?.isFirstOfOtherMachine == true)
    #expect(RankEnvironment([:]) == nil)
    #expect(RankEnvironment(said.merging(["OMPI_COMM_WORLD_RANK": "4"]) { $1 }) == nil)
  }

  @Test("shares the cores of its machine with those that may run on them")
  func threads() {
    #expect(RankHost.cores("0-3,8\t") == [0, 1, 2, 3, 8] && RankHost.cores("") == [])
    // Bound to cores of their own, to a socket by twos, and not at all.
    #expect(RankHost.threads(of: 1, [host("a", "0-3"), host("a", "4-9")]) == 6)
    let sockets = ["0-7", "8-15", "0-7", "8-15"].map { host("a", $0) }
    #expect((0..<4).map { RankHost.threads(of: $0, sockets) } == [4, 4, 4, 4])
    #expect(RankHost.threads(of: 0, Array(repeating: host("a", "0-2"), count: 3)) == 1)
    #expect(RankHost.threads(of: 0, Array(repeating: host("a", "0"), count: 3)) == 1)
    // Others are on another machine.
    #expect(RankHost.threads(of: 0, [host("a", "0-3"), host("b", "0-3")]) == 4)
    #expect(RankHost.threads(of: 0, Array(repeating: host("a", "0-15", quota: 5), count: 2)) == 3)
  }

  @Test("gets each gradient as soon as it is complete, and no sooner")
  func completion() throws {
    let weights = (0..<3).map { Parameter(name: "\($0)", value: Tensor(repeating: Float($0 + 2), shape: [2])) }
    weights.forEach { $0.isTrainable = true }
    // The first is used twice, first and last.
    let last = (weights[0].value * weights[1].value) * weights[2].value * weights[0].value
    var complete: [(name: String, gradient: [Float])] = []

    last.meanSquaredError(Tensor(zeros: [2])).backward { leaf in
      let weight = weights.first { $0.gradientPlace === leaf }
      complete.append((weight?.name ?? "?", weight?.gradient?.values ?? []))
    }

    #expect(complete.map(\.name) == ["2", "0", "1"])
    for weight in weights { #expect(complete.first { $0.name == weight.name }?.gradient == weight.gradient?.values) }
  }
}
