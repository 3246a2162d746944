import ArgumentParser
import Engine
import Foundation
import Recap
import Terminal

/// Training on the ranks of a job that mpirun started: the first trains as a single process would, the others help it.
extension TrainCommand {
  func work(_ console: Console, on job: RankEnvironment) throws {
    let ranks: Ranks
    do {
      ranks = try Ranks.start(job) { EndingSignals.taken }
    } catch {
      // Rank 0 may be on a machine where nothing is wrong.
      if job.isFirstOfOtherMachine { console.note(Problem(error).oneLine) }
      throw error
    }
    if general.computing.threads == nil { ThreadPool.setThreads(ranks.threads) }
    let parallel = DataParallel(ranks, interruption: console.interruption)
    var isOpen = false
    do {
      let console = ranks.leads ? console : console.silent
      let (session, workspace, printer) = try ranks.agree { try open(console, records: ranks.leads) }
      try parallel.begin(session.trainer, of: session.recorder.map { RunDescription.absolute($0.folder.path) })
      isOpen = true
      try EndingSignals.whileSaving {
        guard ranks.leads else { throw ExitCode(try HelpingRank(session, parallel).run()) }
        try lead(session, workspace, printer, ranks)
        parallel.end(status: 0)
      }
    } catch {
      // Said before the others end: mpirun ends whoever is left then.
      let status = explain(error, ranks, console)
      if isOpen { parallel.end(status: status) } else { ranks.finish() }
      throw ExitCode(status)
    }
  }

  private func lead(
    _ session: TrainingSession, _ workspace: Workspace, _ printer: TrainPrinter, _ ranks: Ranks
  ) throws {
    let parts = session.trainer.partsPerStep
    printer.console.note(
      "\(ranks.count) ranks of \(ranks.threads.counted("thread")) share the \(parts.counted("part")) of each step"
        + (parts < ranks.count ? "; \((ranks.count - parts).counted("rank")) of them will have none" : ""))
    if session.hasEnded {
      printer.console.note("this run has taken all its steps")
    } else {
      try train(session, printer)
    }
    if final == .test { try scoreTest(session, in: workspace, printer) }
  }

  /// The exit status, once the reason is on standard error: one line of one rank.
  private func explain(_ error: any Error, _ ranks: Ranks, _ console: Console) -> Int32 {
    switch error {
    case let code as ExitCode: return code.rawValue
    case let signal as Interrupted: return signal.status
    default: break
    }
    var problem = Problem(error)
    if ranks.lost != nil {
      problem = Problem(
        problem.message + ", and with it the job",
        advice: (resume ?? out).map { "go on with diva-tui train --resume \($0), on any number of ranks" })
    }
    if ranks.leads || (ranks.lost == 0 && ranks.rank == 1) { console.note(problem.oneLine) }
    return 1
  }
}
