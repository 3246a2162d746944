import Engine
import Foundation

/// The engine's side of a comparison: a process of its own, so that its memory is its own. Tests/Reference/peer.py is the
/// other side and speaks the same: a line of JSON in, a line of JSON out.
///
/// {"prepare": plan} → {"name", "operations", "bytes", "description"}; {"sample": seconds} → {"seconds", …}: the median
/// run of as many as fit; {"profile": true} → {"places", "seconds"}: where the time of one run goes.
final class BenchWorker {
  private let options: ModelOptions
  private let general: GeneralOptions
  private let console: Console
  private var workload: Workload?

  init(_ options: ModelOptions, _ general: GeneralOptions, _ console: Console) {
    (self.options, self.general, self.console) = (options, general, console)
  }

  /// Answers until the input ends.
  func serve() throws {
    while let line = readLine() {
      let answer: JSON
      do {
        answer = try self.answer(JSON(parsing: Array(line.utf8), file: "a request"))
      } catch let problem as Problem {
        answer = ["error": .string(problem.oneLine)]
      }
      try console.output(Data((answer.compact + "\n").utf8))
    }
  }

  func answer(_ request: JSON) throws -> JSON {
    if let plan = request["prepare"] { return try prepare(BenchPlan(plan)) }
    guard let workload else { throw Problem("nothing is prepared") }
    if let seconds = request["sample"]?.double { return try sample(workload, atLeast: seconds) }
    if request["profile"] != nil { return try profile(workload) }
    throw Problem("cannot answer \(request.compact)")
  }

  private func prepare(_ plan: BenchPlan) throws -> JSON {
    workload = nil
    ThreadPool.setThreads(plan.threads)
    let workload = try Workload(plan, BenchModels(plan.size, options, general, console))
    for _ in 0..<workload.warmUps { try workload.run() }
    self.workload = workload
    return [
      "name": .string(workload.name), "operations": workload.operations.map(JSON.number) ?? .null,
      "bytes": workload.bytes.map(JSON.number) ?? .null, "description": workload.description ?? .null,
    ]
  }

  private func sample(_ workload: Workload, atLeast seconds: Double) throws -> JSON {
    let (misses, allocated) = (ProcessMemory.poolMisses, ProcessMemory.allocated)
    let median = try Stopwatch.sample(atLeast: seconds, workload.run)
    return [
      "seconds": .number(median), "peakMemoryBytes": .integer(ProcessMemory.peak),
      "poolMisses": .integer(ProcessMemory.poolMisses - misses),
      "growthBytes": .integer(ProcessMemory.allocated - allocated),
    ]
  }

  private func profile(_ workload: Workload) throws -> JSON {
    let begin = ContinuousClock.now
    let entries = try Profiler.measure(workload.run)
    let places = entries.map { place, entry -> JSON in
      [
        "op": .string(place.op), "parameter": .string(place.parameter), "backward": .bool(place.isBackward),
        "seconds": .number(entry.seconds), "calls": .integer(entry.calls), "operations": .number(entry.operations),
      ]
    }
    return ["places": .array(places), "seconds": .number((ContinuousClock.now - begin) / .seconds(1))]
  }
}
