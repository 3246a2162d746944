import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// What training costs elsewhere: zero-shot and retrieval sets beside the pairs, the best step, the early stop.
@Suite("What is forgotten") struct ForgettingTests {
  private static let sets = Fixture.folder.appending(path: "sets").path

  private func elsewhere(_ run: TinyRun) throws -> Evaluator {
    let pairs = try run.workspace.unminedPairs(.validation, perPattern: 1)
    let scoring = GradualScoring(
      pairs, by: [(run.workspace.clip.vision, nil)], preprocessing: run.workspace.preprocessing, feature: .classToken,
      seeds: [1])
    return try run.workspace.evaluator(
      .validation(.unmined), scoring,
      elsewhere: Elsewhere(zeroShot: Self.sets + "/folders", retrieval: Self.sets + "/coco"))
  }

  @Test("the chosen sets are scored as evaluate zeroshot and evaluate retrieval score them")
  func chosenSets() throws {
    let run = try TinyRun()
    let workspace = run.workspace
    var evaluator = try elsewhere(run)
    let scoring = SetScoring(
      workspace.clip, try workspace.tokenizer(), preprocessing: workspace.preprocessing, feature: .classToken)
    let towers: [SetScoring.Tower] = [(workspace.clip.vision, nil)]
    let classes = try scoring.scores(ZeroShotSet(at: Self.sets + "/folders"), by: towers).scores[0]
    let found = try scoring.scores(RetrievalSet(at: Self.sets + "/coco"), by: towers).scores[0]

    let report = evaluator.evaluation(of: workspace.clip.vision, step: 0)

    #expect(abs(report.baselineZeroShot - 100 * classes.acc1) < 1e-9)
    #expect(report.zeroShotImages == 9 && report.zeroShotChange == 0)
    let recall = 50 * (found.textRecall(1) + found.imageRecall(1))
    #expect(abs((report.baselineRetrieval ?? -1) - recall) < 1e-9)
    #expect(report.retrievalQueries == 14 && report.retrievalChange == 0 && report.losses.isEmpty)
  }

  @Test("a run remembers its sets, and its log has both")
  func remembered() throws {
    let run = try TinyRun()
    let sets = Elsewhere(zeroShot: Self.sets + "/folders", retrieval: Self.sets + "/coco")
    let description = try RunDescription(
      run.plan, in: run.workspace, tuned: nil, data: nil, scored: .validation(.unmined), elsewhere: sets,
      version: "test")
    #expect(Elsewhere(of: description) == sets)

    var evaluator = try elsewhere(run)
    let report = evaluator.evaluation(of: run.workspace.clip.vision, step: 0)
    let line = try RunJSON.line(LogEntry.evaluation(report))
    #expect(try RunJSON.decoder.decode(LogEntry.self, from: line) == .evaluation(report))
  }

  @Test("a loss that is more than chance is named")
  func losses() {
    var report = EvaluationReport.sample(10)
    (report.zeroShotImages, report.zeroShotFixed, report.zeroShotBroken) = (1000, 5, 12)
    #expect(report.losses.isEmpty)

    report.tunedZeroShot = 86.25
    (report.zeroShotFixed, report.zeroShotBroken) = (20, 70)
    #expect(report.losses.count == 1 && report.losses[0].hasPrefix("zero-shot −5.0 points, more than chance"))

    (report.baselineRetrieval, report.tunedRetrieval) = (60, 50)
    (report.retrievalQueries, report.retrievalFixed, report.retrievalBroken) = (600, 10, 70)
    #expect(report.losses.count == 2 && report.losses[1].hasPrefix("retrieval −10.0 points"))
  }

  @Test("the best step weighs the pairs' gain against what is lost elsewhere")
  func balance() {
    func report(_ step: Int, tuned: Int, zeroShot: Double) -> EvaluationReport {
      var report = EvaluationReport.sample(step, tuned: tuned)
      report.tunedZeroShot = zeroShot
      return report
    }
    let (kept, lost) = (report(1, tuned: 54, zeroShot: 92), report(2, tuned: 58, zeroShot: 84))
    #expect(abs(kept.balance - kept.gain) < 1e-9)
    #expect(abs(lost.balance - (lost.gain - 7.25)) < 1e-9)
    var history = RunHistory()
    for entry in [kept, lost] { history.add(.evaluation(entry)) }
    #expect(history.best?.step == 1)
  }

  @Test("a run stops once its patience is at its end, saved, and can be resumed")
  func patience() throws {
    try withTemporaryFolder { folder in
      var run = try TinyRun()
      // At this rate nothing is learned, so that no evaluation is better than the first.
      (run.plan.steps, run.plan.evaluateEvery, run.plan.checkpointEvery, run.plan.patience) = (40, 1, 0, 2)
      (run.plan.rate, run.plan.alignSteps) = (0, 0)
      let session = try run.session(.new(folder + "/run"))
      let reports = Reports(of: session)

      try session.runToItsEnd()

      #expect(session.trainer.trained == 2 && session.hasEnded)
      #expect(reports.notices.contains { $0.contains("2 evaluations without a better step than step 0") })
      guard case .stopped(2, let cause?)? = reports.entries.last else {
        Issue.record("\(reports.story)")
        return
      }
      #expect(cause.contains("without a better step"))
      #expect(FileManager.default.fileExists(atPath: folder + "/run/checkpoint-2"))
      let again = try run.workspace.session(
        run.description(), at: .existing(RunFolder(opening: folder + "/run")), evaluator: run.evaluator())
      #expect(!again.hasEnded)
      #expect(try again.next() == .step)
      try again.stop()
    }
  }
}

/// Pairs of one of many, answered a few images at a time.
@Suite struct ManyChoicesTests {
  @Test(
    "The explorer's answers are those of evaluate",
    arguments: ["winoground", "whatsup-a", "sugarcrepe", "sugarcrepe++", "aro", "spec"])
  func sameAnswers(place: String) throws {
    let workspace = try Workspace(mini: Assets.mini())
    let files = try BenchmarkFiles(at: BenchmarkFilesTests.folder.appending(path: place).path)
    let benchmark = try PairBenchmark(
      files, clip: workspace.clip, tokenizer: try workspace.tokenizer(), preprocessing: workspace.preprocessing,
      previewSide: 64)
    var encoding = PairEncoding(files, workspace.clip, try workspace.tokenizer())
    encoding.encodeStatements(cache: nil) { _, _ in }

    let predictions = benchmark.predictions(by: workspace.clip.vision, preprocessing: workspace.preprocessing)
    let (answers, problems) = encoding.answers(
      by: workspace.clip.vision, preprocessing: workspace.preprocessing, feature: .classToken, seed: 1, cache: nil
    ) { _, _ in }

    #expect(problems.isEmpty && predictions.count == files.pairs.count && answers.count == predictions.count)
    for (prediction, answer) in zip(predictions, answers) {
      let rule = answer.pair.shape == .square ? PairRule.image : .accuracy
      #expect(prediction.isCorrect == rule.isRight(answer))
      #expect(prediction.rival == answer.choice?.rival)
      let answered = AnsweredPair(prediction.pair, baseline: prediction)
      #expect(answered.statements.count == 2 && answered.shownImages.allSatisfy { $0 < prediction.pair.imageCount })
    }
    #expect(benchmark.previews.count == benchmark.images.count)
  }
}
