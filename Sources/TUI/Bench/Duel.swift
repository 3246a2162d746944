import Engine
import Foundation
import Recap

/// One row measured: samples of the engine and of PyTorch in turns, a probe of the machine before and after each.
///
/// Both sides live in processes of their own. Where the machine's memory is too small for both at once, the one that
/// waits is ended and started again for its next turn.
struct Duel {
  let commands: BenchCommands
  let plan: BenchPlan
  /// Samples per side, and how long one lasts at least.
  let samples: Int
  let secondsASample: Double
  let note: (String) -> Void
  /// Throws where the person wants to stop.
  let checkInterruption: () throws -> Void

  func run(_ contestants: inout Contestants) throws -> BenchRow {
    ThreadPool.setThreads(plan.threads)
    let facts = try contestants.ours(commands, plan)
    var row = BenchRow(plan, facts)
    var peerIsIn = commands.peer != nil && facts["description"].map { $0 != .null } ?? false
    for _ in 0..<samples {
      try checkInterruption()
      let worker = try contestants.worker(commands, plan, otherPeak: row.peer?.peakMemoryBytes)
      row.add(try probed { try worker.ask(["sample": .number(secondsASample)]) })
      guard peerIsIn else { continue }
      do {
        let peer = try contestants.peer(commands, plan, facts, ourPeak: row.peakMemoryBytes)
        row.addPeer(try probed { try peer.ask(["sample": .number(secondsASample)]) })
      } catch let problem as Problem {
        note("no comparison for \(row.name): \(problem.oneLine)")
        peerIsIn = false
      }
    }
    return row
  }

  /// Where the time of one run goes.
  func profile(_ contestants: inout Contestants) throws -> ProfileReport {
    _ = try contestants.ours(commands, plan)
    let answer = try contestants.worker(commands, plan, otherPeak: nil).ask(["profile": true])
    return try RunJSON.decoder.decode(ProfileReport.self, from: Data(answer.compact.utf8))
  }

  private func probed(_ body: () throws -> JSON) rethrows -> (answer: JSON, peak: Double?) {
    let precision: MachinePeak.Precision = plan.precision == .bf16 ? .bf16 : .f32
    let before = MachinePeak.measure(precision)
    let answer = try body()
    let after = MachinePeak.measure(precision)
    return (answer, before.flatMap { before in after.map { (before + $0) / 2 } })
  }
}

/// The two processes, kept from row to row where that spares starting them.
struct Contestants {
  private var ours: (process: BenchProcess, plan: BenchPlan)?
  private var theirs: (process: BenchProcess, plan: BenchPlan)?

  /// Gets the engine's side ready for a row; the memory of a model's part is to be its own, so that starts anew.
  mutating func ours(_ commands: BenchCommands, _ plan: BenchPlan) throws -> JSON {
    let reuses = plan.part.isFamily && ours?.plan.part.isFamily == true && ours?.plan.precision == plan.precision
    if !reuses { (ours, theirs) = (nil, nil) }
    return try prepare(commands, plan)
  }

  mutating func worker(_ commands: BenchCommands, _ plan: BenchPlan, otherPeak: Int?) throws -> BenchProcess {
    if ours == nil {
      makeRoom(for: otherPeak) { theirs = nil }
      _ = try prepare(commands, plan)
    }
    guard let ours else { preconditionFailure("the worker that was just started is not there") }
    return ours.process
  }

  private mutating func prepare(_ commands: BenchCommands, _ plan: BenchPlan) throws -> JSON {
    let process =
      try ours?.process ?? BenchProcess("diva-tui", commands.arguments(plan), environment: commands.environment)
    ours = (process, plan)
    return try process.ask(["prepare": plan.request])
  }

  /// The peer, ready for the row; `facts` say what the engine does there, `ourPeak` how much memory that took.
  mutating func peer(_ commands: BenchCommands, _ plan: BenchPlan, _ facts: JSON, ourPeak: Int) throws -> BenchProcess {
    if let theirs, theirs.plan == plan { return theirs.process }
    makeRoom(for: ourPeak) { ours = nil }
    let process = try theirs?.process ?? BenchProcess("PyTorch", commands.peer ?? [], environment: commands.environment)
    theirs = (process, plan)
    _ = try process.ask(["prepare": .object((plan.request.members ?? []) + (facts["description"]?.members ?? []))])
    return process
  }

  /// Ends the other side unless `bytes`, and two gigabytes for everybody else, are to be had beside it.
  private func makeRoom(for bytes: Int?, _ end: () -> Void) {
    guard let bytes, let available = ProcessMemory.available, available < bytes + 2_000_000_000 else { return }
    end()
  }
}

extension BenchCommands {
  fileprivate func arguments(_ plan: BenchPlan) -> [String] {
    worker + ["--threads", String(plan.threads), "--precision", plan.precision.rawValue]
  }
}
