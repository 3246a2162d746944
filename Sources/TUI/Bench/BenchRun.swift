import Engine

/// Rows measured one after the other, each by the engine and, where there are peers, in a duel with every one of them.
package struct BenchRun {
  package enum Result {
    case row(BenchRow)
    case profile(ProfileReport)
  }

  let commands: BenchCommands
  let plans: [BenchPlan]
  /// Takes remarks for people.
  let note: (String) -> Void
  /// Throws where the person wants to stop.
  let checkInterruption: () throws -> Void
  /// Samples of each row; nil for as many as its size allows.
  package var samples: Int?
  /// Also the cost of an op beside its arithmetic.
  package var measuresOverhead = false
  /// Where the time goes, instead of how much it is.
  package var isProfile = false
  /// PyTorch takes minutes for a sample of bfloat16 on a processor without instructions for it: only on request.
  package var allowsSlowPeer = false

  package init(
    _ commands: BenchCommands, _ plans: [BenchPlan], note: @escaping (String) -> Void,
    checkInterruption: @escaping () throws -> Void
  ) {
    (self.commands, self.plans) = (commands, plans)
    (self.note, self.checkInterruption) = (note, checkInterruption)
  }

  /// Measures, and hands on each result as soon as it is there.
  package func run(_ show: (Result) throws -> Void) throws {
    let skipsPeer = commands.peer != nil && !ArithmeticPolicy.hasBF16 && !allowsSlowPeer
    if skipsPeer && plans.contains(where: { $0.precision == .bf16 }) {
      note("PyTorch takes minutes for bf16 on this processor: it is compared only with --precision bf16")
    }
    if measuresOverhead { for row in OverheadBench(repetitions: samples ?? 10).rows() { try show(.row(row)) } }
    var contestants = Contestants(commands)
    for plan in plans {
      let isCompared = !isProfile && !(skipsPeer && plan.precision == .bf16)
      let duels = plan.against(isCompared ? commands.peer?.engines ?? [] : [])
      for (place, rival) in duels.enumerated() {
        let duel = Duel(bench: self, plan: rival.plan, hasPeer: rival.hasPeer, needsPeer: place > 0)
        do {
          try show(isProfile ? .profile(duel.profile(&contestants)) : .row(duel.run(&contestants)))
        } catch let problem as Problem where plans.count > 1 || duels.count > 1 {
          // The other rows are worth having.
          note("no row for \(plan.part.rawValue) \(plan.precision.rawValue): \(problem.oneLine)")
        }
      }
    }
  }
}
