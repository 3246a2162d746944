import Engine
import Foundation

/// Divides a trainer's steps among the ranks of a job: each computes parts of the batch, their gradients are added in
/// order, and every rank takes the same step with the sum.
///
/// Rank 0 says what is done; the others follow it (`HelpingRank`). A signal or a failure on any of them is known to all at
/// the end of the step.
public final class DataParallel {
  public let ranks: Ranks
  /// The signal that a rank got, if one did: the run is to end.
  public private(set) var stop: Interrupted?
  /// The signal that this rank got, if it did.
  let interruption: () -> Interrupted?
  private var sums: [StepReport.Stage: GradientSum] = [:]
  /// How many problems of images this rank has passed on, and what is known of all ranks'.
  private var passedOn = 0
  private var known: Set<String> = []
  private var remarks: [Problem] = []

  public init(_ ranks: Ranks, interruption: @escaping () -> Interrupted?) {
    (self.ranks, self.interruption) = (ranks, interruption)
  }

  /// Puts the trainers of all ranks where the first rank's stands, and sees that they have the same weights and images.
  ///
  /// - Parameter run: the absolute path of the folder that the first rank records the run in.
  public func begin(_ trainer: Trainer, of run: String?) throws {
    let isAtStart = trainer.aligned + trainer.trained == 0
    let own = run.map { isAtStart ? [] : ["\($0)/checkpoint-\(trainer.trained)"] } ?? []
    if let path = try ranks.broadcast(ranks.leads ? own : nil).first {
      try ranks.agree { if !ranks.leads { try trainer.restore(from: Checkpoint(opening: path)) } }
    }
    let digests = try ranks.gather(trainer.digest)
    if let other = digests.firstIndex(where: { $0 != digests[0] }) {
      throw Problem(
        "rank \(other) has other weights or images than rank 0",
        advice: "give all machines the same files, the same version of diva-tui and processors of one kind")
    }
    trainer.parallel = self
  }

  /// What a rank says at the end of a step.
  private struct Share: Codable {
    /// The bits of its parts' losses, and of the same by noise.
    var losses: [UInt32] = []
    var bands: [[UInt64]] = []
    /// A character for each parameter: "1" where it had a gradient.
    var present = ""
    var failure: RankFailure?
    var signal: Int32?
    /// Images that it has left out since the last step.
    var problems: [String] = []
  }

  /// The gradients of a step's parts, added; the losses of all parts.
  ///
  /// - Parameters:
  ///   - parameters: in the order of the forward pass.
  ///   - compute: the loss of a part, and the same as it counts in the step's mean.
  ///
  /// Throws, on all ranks and with no gradient left, what failed on any.
  func losses(
    _ parameters: [Parameter], _ stage: StepReport.Stage, parts: Int, images: any TrainingImages,
    after: ((_ done: Int, _ all: Int) throws -> Void)?, compute: (Int) throws -> (part: PartLoss, weighted: Tensor)
  ) throws -> [PartLoss] {
    let sum = sums[stage] ?? GradientSum(parameters, ranks: ranks)
    sums[stage] = sum
    var share = Share()
    sum.begin(parts: parts)
    do {
      for part in sum.own {
        let (computed, weighted) = try compute(part)
        sum.backward(weighted)
        share.losses.append(computed.loss.bitPattern)
        share.bands.append(computed.bands.bits)
        let done = min(parts, part + ranks.count - ranks.rank)
        if parts > 1 { try after?(done, parts) }
      }
    } catch {
      share.failure = RankFailure(error)
    }
    share.present = String(try sum.finish().map { $0 ? "1" : "0" })
    share.signal = interruption()?.signal
    share.problems = newProblems(images)
    let shares = try ranks.gather(share)
    stop = stop ?? shares.compactMap(\.signal).first.map { Interrupted($0) }
    note(shares.flatMap(\.problems))
    try ranks.throwFirst(of: shares.map(\.failure))
    let present = shares.map { Array($0.present.utf8) }
    sum.assign(where: present[0].indices.map { index in present.contains { $0[index] == UInt8(ascii: "1") } })
    return (0..<parts).map { part in
      let (share, number) = (shares[part % ranks.count], part / ranks.count)
      return PartLoss(loss: Float(bitPattern: share.losses[number]), bands: NoiseBands(bits: share.bands[number]))
    }
  }

  // MARK: - Images that are left out

  private func newProblems(_ images: any TrainingImages) -> [String] {
    let problems = images.skipped.problems
    defer { passedOn = problems.count }
    return problems.dropFirst(passedOn).map(\.oneLine)
  }

  /// Several ranks may come across an image; rank 0 reports its own itself.
  private func note(_ problems: [String]) {
    for problem in problems where known.insert(problem).inserted { remarks.append(Problem(problem)) }
  }

  /// Images that other ranks have left out.
  func takeRemarks(own: SkippedImages) -> [Problem] {
    defer { remarks = [] }
    let reported = Set(own.problems.map(\.oneLine))
    return remarks.filter { !reported.contains($0.message) }
  }

  // MARK: - What rank 0 has the others do

  enum Order: Codable {
    case step(RecapDensity)
    case encode(EncodingOrder)
    case end(status: Int32)
  }

  /// On rank 0: tells the others what comes; they wait for it.
  func lead(_ order: Order) throws {
    if ranks.leads { _ = try ranks.broadcast(order) }
  }

  /// On the other ranks.
  func order() throws -> Order { try ranks.broadcast(nil) }

  /// The run has ended: the others end with the same status. Where the ranks can no longer meet that is left to mpirun.
  public func end(status: Int32) {
    guard !ranks.isBroken else { return }
    try? lead(.end(status: status))
    ranks.finish()
  }
}
