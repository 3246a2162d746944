import Engine
import Foundation
import Testing

@testable import Recap

@Suite("A training session")
struct TrainingSessionTests {
  private static let whole = [
    "align 1", "align 2", "evaluation 0", "predictions 0", "train 1", "train 2", "evaluation 2", "predictions 2",
    "train 3", "checkpoint 3", "train 4", "evaluation 4", "predictions 4", "checkpoint 4", "finished 4",
  ]

  @Test("takes steps, evaluates before the first and after the last one, saves when due, and tells what it records")
  func wholeRun() throws {
    try withTemporaryFolder { folder in
      let session = try TinyRun().session(.new(folder + "/run"))
      let reports = Reports(of: session)

      let pieces = try session.runToItsEnd()

      #expect(
        pieces == [
          .step, .step, .evaluation, .step, .step, .evaluation, .step, .checkpoint, .step, .evaluation, .checkpoint,
          .done,
        ])
      #expect(reports.story == Self.whole)
      #expect(try log(folder + "/run") == reports.entries)
      #expect(reports.progress.last == .some(nil) && reports.progress.contains { $0?.work == .pairs })
      #expect(try session.next() == .done && reports.entries.count == Self.whole.count)
      #expect(try RunFolder(opening: folder + "/run").status() == .finished)
    }
  }

  @Test("without a recorder reports the same entries but checkpoints, and writes nothing")
  func unrecorded() throws {
    let session = try TinyRun().session(.nowhere)
    let reports = Reports(of: session)

    try session.runToItsEnd()

    #expect(reports.story == Self.whole.filter { !$0.hasPrefix("checkpoint") })
  }

  @Test("evaluates only at the end where no evaluations between are planned")
  func finalEvaluation() throws {
    var run = try TinyRun()
    (run.plan.evaluateEvery, run.plan.checkpointEvery, run.plan.alignSteps, run.plan.steps) = (0, 0, 0, 2)
    let session = try run.session(.nowhere)
    let reports = Reports(of: session)

    try session.runToItsEnd()

    #expect(reports.story == ["train 1", "train 2", "evaluation 2", "predictions 2", "finished 2"])
  }

  @Test("evaluates a fixed part of the pairs soon after the first steps, unless no evaluations are planned")
  func smallEvaluations() throws {
    var run = try TinyRun()
    (run.plan.steps, run.plan.alignSteps, run.plan.evaluateEvery, run.plan.checkpointEvery) = (11, 0, 100, 0)
    run.perPattern = 16
    let reports = try Reports(of: run.session(.nowhere), running: true)

    #expect(
      reports.story.filter { $0.contains("evaluation") } == ["evaluation 0", "small evaluation 10", "evaluation 11"])
    let small = try #require(
      reports.entries.compactMap { if case .smallEvaluation(let one) = $0 { one } else { nil } }.first)
    #expect(small.pairs == 135 && small.fixed - small.broken == small.tunedCorrect - small.baselineCorrect)
    // The part's baseline is the whole's, as far as it goes.
    let whole = try #require(RunHistory(reports.entries).predictions.first).baselineCorrect
    let part = (0..<135).count { whole[16 * ($0 / 15) + $0 % 15 * 16 / 15] }
    #expect(small.baselineCorrect == part)

    run.plan.evaluateEvery = 0
    #expect(try !Reports(of: run.session(.nowhere), running: true).story.contains { $0.hasPrefix("small") })
  }

  @Test("a step's log has the loss of each third of the timesteps")
  func bands() throws {
    var run = try TinyRun()
    (run.plan.batch, run.plan.draws, run.plan.timesteps) = (4, 2, 0..<300)
    let reports = try Reports(of: run.session(.nowhere), running: true)

    let step = try #require(RunHistory(reports.entries).steps.first)
    let bands = try #require(step.bands)
    let draws = NoiseDraw.random(latents: [4, 1, 1, 1], draws: 2, timesteps: 0..<300, seed: run.plan.seed, step: 0)
      .timesteps
    let counts = (0..<3).map { band in draws.count { $0 / 100 == band } }
    #expect(bands.count == 3 && zip(bands, counts).allSatisfy { ($0 == nil) == ($1 == 0) })
    let mean = zip(bands, counts).reduce(0) { $0 + ($1.0 ?? 0) * Float($1.1) } / 8
    #expect(abs(mean - step.loss) < 1e-5)
  }

  @Test("a pause holds the steps and an evaluation that is under way; a density holds from the next step on")
  func commands() throws {
    try withTemporaryFolder { folder in
      let session = try TinyRun().session(.new(folder + "/run"))
      let reports = Reports(of: session)
      try session.run(steps: 2)
      #expect(try session.next() == .evaluation)

      try session.apply(.pause)
      try session.apply(.pause)
      #expect(try session.next() == .paused && session.due == .paused)
      #expect(try RunFolder(opening: folder + "/run").status() == .paused)
      try session.apply(.resume)
      try session.apply(.density(.all))
      try session.run(steps: 3)

      #expect(
        reports.story == [
          "align 1", "align 2", "paused 0", "density all 0", "evaluation 0", "predictions 0", "train 1",
        ])
      guard case .step(let last)? = reports.entries.last else { throw Problem("the last entry is no step") }
      #expect(last.density == .all)
    }
  }

  @Test("stops once, saved; what is discarded is not")
  func stop() throws {
    try withTemporaryFolder { folder in
      for (command, end) in [
        (TrainingSession.Command.stop, ["checkpoint 0", "stopped 0"]), (.discard, ["stopped 0"]),
      ] {
        let path = "\(folder)/\(end.count)"
        let session = try TinyRun().session(.new(path))
        try session.run(steps: 1)

        try session.apply(command)
        try session.apply(.stop)

        #expect(try session.next() == .done && session.hasEnded)
        #expect(try log(path).map(\.story) == ["align 1"] + end)
        #expect(try RunFolder(opening: path).status() == .stopped)
      }
    }
  }

  @Test(
    "resumes with equal losses, answers and weights, in either stage and before an evaluation that is due",
    arguments: [1, 2, 3, 5])
  func resume(steps: Int) throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      try run.session(.new(folder + "/whole")).runToItsEnd()
      let first = try run.session(.new(folder + "/cut"))
      try first.run(steps: steps)
      try first.apply(.stop)

      let second = try run.session(.existing(RunFolder(opening: folder + "/cut")))
      try second.runToItsEnd()

      let entries = try ["/whole", "/cut"].map { try log(folder + $0) }
      let cut = entries[1].filter { !["checkpoint", "stopped"].contains($0.story.prefix { $0 != " " }) }
      let whole = entries[0].filter { !$0.story.hasPrefix("checkpoint") }
      #expect(cut.map(\.timeless) == whole.map(\.timeless))
      #expect(try weights(folder + "/cut") == weights(folder + "/whole"))
      let third = try run.session(.existing(RunFolder(opening: folder + "/cut")))
      #expect(try third.hasEnded && third.next() == .done)
    }
  }

  @Test("keeps what was learned when the images fail, and names those that are left out")
  func failingImages() throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      let session = try run.session(
        images: FailingImages(inner: run.workspace.trainingImages(count: 16), firstFailure: 3), folder: folder + "/run")
      let reports = Reports(of: session)

      #expect(problem { try session.runToItsEnd() }.contains("the disk is gone"))

      #expect(session.hasEnded)
      #expect(
        try log(folder + "/run").map(\.story).suffix(3) == ["train 1", "checkpoint 1", "failed 1 the disk is gone"])
      #expect(try RunFolder(opening: folder + "/run").status() == .failed)
      #expect(try Checkpoint.latest(in: RunFolder(opening: folder + "/run"))?.step == 1)
      #expect(reports.notices.contains { $0.contains("left out: cannot read broken.png") })
      #expect(reports.notices.contains { $0.contains("1 of the images are left out so far") })
      #expect(reports.notices.count == 2)
    }
  }

  @Test("logs how it ended: a failure, a reader that has gone, a stop that could not be saved")
  func failingEnds() throws {
    try withTemporaryFolder { folder in
      let run = try TinyRun()
      let failures: [(any Error, String)] = [
        (Problem("standard output is full"), "failed 0 standard output is full"),
        (Interrupted(13), "stopped 0 SIGPIPE"),
      ]
      for (number, (error, ending)) in failures.enumerated() {
        let session = try run.session(.new("\(folder)/\(number)"))
        session.observe = { if case .entry(.step) = $0 { throw error } }
        #expect(throws: (any Error).self) { try session.runToItsEnd() }
        #expect(try log("\(folder)/\(number)").map(\.story) == ["align 1", "checkpoint 0", ending])
      }
      let session = try run.session(.new(folder + "/unsaved"))
      try session.run(steps: 1)
      session.observe = { if case .entry(.checkpoint) = $0 { throw Problem("cannot write") } }
      #expect(throws: Problem.self) { try session.stop(Interrupted(1)) }
      #expect(try log(folder + "/unsaved").last?.story.hasPrefix("failed 0 cannot write") == true)
    }
  }

  @Test("says once that a gradient is not a number, and goes on")
  func notANumber() throws {
    let run = try TinyRun()
    let images = BrokenLatents(inner: run.workspace.trainingImages(count: 16), broken: 0..<4)
    let session = try run.session(images: images)
    let reports = Reports(of: session)

    try session.runToItsEnd()

    #expect(reports.notices.count == 1)
    #expect(reports.notices.first?.contains("the gradient of step 1 is not a number") == true)
    #expect(reports.story.last == "finished 4")
  }

  @Test("reports micro-batches, and a cancelled step is as if it had never begun")
  func cancelledStep() throws {
    try withTemporaryFolder { folder in
      var run = try TinyRun()
      (run.plan.accumulate, run.plan.alignSteps) = (3, 0)
      let session = try run.session(.new(folder + "/run"))
      let reports = Reports(of: session)
      try session.run(steps: 1)
      let steps = reports.progress.compactMap(\.self).filter { $0.work == .step }
      #expect(steps.map(\.done) == [1, 2, 3] && steps.allSatisfy { $0.all == 3 && $0.secondsLeft != nil })

      session.checkCancellation = { throw Interrupted(15) }
      #expect(throws: Interrupted(15)) { try session.runToItsEnd() }

      #expect(try log(folder + "/run").map(\.story).suffix(3) == ["train 1", "checkpoint 1", "stopped 1 SIGTERM"])
    }
  }
}

/// Images of which one cannot be read, and none from some micro-batch on.
private struct FailingImages: TrainingImages {
  let inner: MiniWorldImages
  let firstFailure: Int

  var count: Int { inner.count }
  var skipped: SkippedImages {
    var skipped = SkippedImages()
    skipped.add(Problem("cannot read broken.png"))
    return skipped
  }

  func inputs(_ indices: [Int], batch: Int) throws -> TrainingInputs {
    guard batch < firstFailure else { throw Problem("the disk is gone") }
    return inner.inputs(indices, batch: batch)
  }
}

/// Images whose latents are not numbers in some micro-batches.
struct BrokenLatents: TrainingImages {
  let inner: MiniWorldImages
  let broken: Range<Int>

  var count: Int { inner.count }

  func inputs(_ indices: [Int], batch: Int) -> TrainingInputs {
    let inputs = inner.inputs(indices, batch: batch)
    guard broken.contains(batch) else { return inputs }
    return TrainingInputs(pixels: inputs.pixels, latents: Tensor(repeating: .nan, shape: inputs.latents.shape))
  }
}
