import Recap
import Terminal

extension TrainingSession {
  /// Takes piece after piece to the end. A signal ends the run, saved, and is thrown as `Interrupted`.
  ///
  /// - Parameter show: prints what is reported.
  func run(_ console: Console, show: @escaping (SessionUpdate) throws -> Void) throws {
    observe = show
    checkCancellation = console.checkInterruption
    while try next() != .done {
      guard let signal = console.interruption() ?? trainer.parallel?.stop else { continue }
      try stop(signal)
      throw signal
    }
  }
}
