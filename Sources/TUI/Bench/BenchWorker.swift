import Engine
import Foundation
import Recap

/// The engine's side of a comparison: a process of its own, so that its memory is its own. Tests/Reference/peer.py is the
/// other side and speaks the same: a line of JSON in, a line of JSON out.
///
/// {"prepare": plan} → {"name", "operations", "bytes", "description"}; {"sample": seconds} → {"seconds", …}: the median
/// run of as many as fit; {"profile": true} → a `ProfileReport`.
package final class BenchWorker {
  private let subject: BenchSubject
  private var workload: Workload?

  package init(_ subject: BenchSubject) { self.subject = subject }

  /// Answers requests on standard input until it ends.
  package func serve(_ output: (Data) throws -> Void) throws {
    while let line = readLine() {
      let answer: JSON
      do {
        answer = try self.answer(JSON(parsing: Array(line.utf8), file: "a request"))
      } catch let problem as Problem {
        answer = ["error": .string(problem.oneLine)]
      }
      try output(Data((answer.compact + "\n").utf8))
    }
  }

  func answer(_ request: JSON) throws -> JSON {
    if let plan = request["prepare"] { return try prepare(plan.decoded()) }
    guard let workload else { throw Problem("nothing is prepared") }
    if let seconds = request["sample"]?.double { return try sample(workload, atLeast: seconds) }
    if request["profile"] != nil { return try JSON(ProfileReport(of: workload.run)) }
    throw Problem("cannot answer \(request.compact)")
  }

  private func prepare(_ plan: BenchPlan) throws -> JSON {
    workload = nil
    ThreadPool.setThreads(plan.threads)
    let workload = try Workload(plan, BenchModels(plan.size, of: subject))
    for _ in 0..<workload.warmUps { try workload.run() }
    self.workload = workload
    return [
      "name": .string(workload.name), "operations": workload.operations.map(JSON.number) ?? .null,
      "bytes": workload.bytes.map(JSON.number) ?? .null, "description": workload.description ?? .null,
    ]
  }

  private func sample(_ workload: Workload, atLeast seconds: Double) throws -> JSON {
    let (misses, allocated) = (ProcessMemory.poolMisses, ProcessMemory.allocated)
    let (begin, busy) = (ContinuousClock.now, Stopwatch.processorSeconds)
    let median = try Stopwatch.sample(atLeast: seconds, workload.run)
    let available = (ContinuousClock.now - begin) / .seconds(1) * Double(ThreadPool.threads)
    return try JSON(
      BenchSample(
        seconds: median, processorShare: (Stopwatch.processorSeconds - busy) / available,
        peakMemoryBytes: ProcessMemory.peak, poolMisses: ProcessMemory.poolMisses - misses,
        growthBytes: ProcessMemory.allocated - allocated))
  }
}

extension JSON {
  /// What the two sides say to each other.
  init(_ value: some Encodable) throws { try self.init(parsing: Array(RunJSON.line(value)), file: "a message") }

  func decoded<Value: Decodable>() throws -> Value {
    do {
      return try RunJSON.decoder.decode(Value.self, from: Data(compact.utf8))
    } catch {
      throw Problem("cannot use \(compact): \(RunJSON.reason(error))")
    }
  }
}
