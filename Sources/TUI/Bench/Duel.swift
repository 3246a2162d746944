import Engine

/// One row measured: samples of the engine and of its peer in turns, a probe of the machine before and after each.
///
/// Both sides live in processes of their own. Where the machine's memory is too small for both at once, the one that
/// waits is ended and started again for its next turn.
struct Duel {
  let bench: BenchRun
  let plan: BenchPlan
  let hasPeer: Bool
  /// The row was measured beside another peer already: without this one it says nothing new.
  let needsPeer: Bool

  func run(_ contestants: inout Contestants) throws -> BenchRow {
    ThreadPool.setThreads(plan.threads)
    let facts = try contestants.ours(plan)
    var (ours, theirs): ([BenchRow.Probed], [BenchRow.Probed]) = ([], [])
    var peerIsIn = hasPeer && facts["description"].map { $0 != .null } ?? false
    for _ in 0..<(bench.samples ?? (plan.size == .full ? 3 : 10)) {
      try bench.checkInterruption()
      ours.append(try probed(contestants.worker(plan, otherPeak: theirs.last?.sample.peakMemoryBytes)))
      guard peerIsIn else { continue }
      do {
        let peak = ours.last?.sample.peakMemoryBytes ?? 0
        theirs.append(try probed(contestants.peer(plan, facts, ourPeak: peak)))
      } catch let problem as Problem {
        contestants.endPeer()
        if needsPeer { throw problem }
        bench.note("no comparison for \(facts["name"]?.text ?? plan.part.rawValue): \(problem.oneLine)")
        peerIsIn = false
      }
    }
    return BenchRow(plan, facts, ours: ours, theirs: theirs)
  }

  /// Where the time of one run goes.
  func profile(_ contestants: inout Contestants) throws -> ProfileReport {
    _ = try contestants.ours(plan)
    return try contestants.worker(plan, otherPeak: nil).ask(["profile": true]).decoded()
  }

  private func probed(_ process: BenchProcess) throws -> BenchRow.Probed {
    let precision: MachinePeak.Precision = plan.precision == .bf16 ? .bf16 : .f32
    let seconds = plan.size == .full ? 0 : plan.part.isFamily ? 0.03 : 0.3
    let before = MachinePeak.measure(precision)
    let sample: BenchSample = try process.ask(["sample": .number(seconds)]).decoded()
    let after = MachinePeak.measure(precision)
    return (sample, before.flatMap { before in after.map { (before + $0) / 2 } })
  }
}

/// The two processes, kept from row to row where that spares starting them.
struct Contestants {
  private let commands: BenchCommands
  private var ours: (process: BenchProcess, plan: BenchPlan, facts: JSON)?
  private var theirs: (process: BenchProcess, plan: BenchPlan)?

  init(_ commands: BenchCommands) { self.commands = commands }

  /// Gets the engine's side ready for a row; the memory of a model's part is to be its own, so that starts anew. The
  /// next peer of the same row finds it ready.
  mutating func ours(_ plan: BenchPlan) throws -> JSON {
    if let ours, ours.plan.isSameWork(as: plan) {
      if !plan.part.isFamily { theirs = nil }
      return ours.facts
    }
    let reuses = plan.part.isFamily && ours?.plan.part.isFamily == true && ours?.plan.precision == plan.precision
    if !reuses { (ours, theirs) = (nil, nil) }
    return try prepare(plan).facts
  }

  mutating func worker(_ plan: BenchPlan, otherPeak: Int?) throws -> BenchProcess {
    if let ours { return ours.process }
    makeRoom(for: otherPeak) { theirs = nil }
    return try prepare(plan).process
  }

  private mutating func prepare(_ plan: BenchPlan) throws -> (process: BenchProcess, facts: JSON) {
    let words = commands.worker + ["--threads", String(plan.threads), "--precision", plan.precision.rawValue]
    let process = try ours?.process ?? BenchProcess("diva-tui", words, environment: commands.environment)
    ours = nil
    let facts = try process.ask(["prepare": JSON(plan)])
    ours = (process, plan, facts)
    return (process, facts)
  }

  /// Ends the peer: what failed once may have ended, or may fail all that follows.
  mutating func endPeer() { theirs = nil }

  /// The peer, ready for the row; `facts` say what the engine does there, `ourPeak` how much memory that took.
  mutating func peer(_ plan: BenchPlan, _ facts: JSON, ourPeak: Int) throws -> BenchProcess {
    if let theirs, theirs.plan == plan { return theirs.process }
    makeRoom(for: ourPeak) { ours = nil }
    let process =
      try theirs?.process
      ?? BenchProcess(plan.engine.title, commands.peer?.command ?? [], environment: commands.environment)
    process.name = plan.engine.title
    theirs = (process, plan)
    _ = try process.ask(["prepare": .object((JSON(plan).members ?? []) + (facts["description"]?.members ?? []))])
    return process
  }

  /// Ends the other side unless `bytes`, and two gigabytes for everybody else, are to be had beside it.
  private func makeRoom(for bytes: Int?, _ end: () -> Void) {
    guard let bytes, let available = ProcessMemory.available, available < bytes + 2_000_000_000 else { return }
    end()
  }
}
