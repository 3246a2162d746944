import Engine

/// A rank other than the first: takes the same steps, computes its parts of them and of evaluations, and writes nothing.
public struct HelpingRank {
  private let trainer: Trainer
  private let evaluator: Evaluator?
  private let parallel: DataParallel

  /// - Parameter session: opened as the first rank's, but not recorded; once `parallel` has begun its trainer.
  public init(_ session: TrainingSession, _ parallel: DataParallel) {
    (trainer, evaluator, self.parallel) = (session.trainer, session.evaluator, parallel)
    trainer.afterPart = { _, _ in if let signal = parallel.interruption() { throw signal } }
  }

  /// Does what the first rank says until that ends; gives the status to end with. Throws when the ranks can no longer meet.
  public func run() throws -> Int32 {
    while true {
      switch try parallel.order() {
      case .step(let density):
        trainer.density = density
        do {
          _ = try trainer.step()
        } catch  where !parallel.ranks.isBroken {
          // All ranks know; the first decides.
        }
      case .encode(let order): try evaluator?.help(order, trainer.models, parallel.ranks)
      case .end(let status): return status
      }
    }
  }
}
