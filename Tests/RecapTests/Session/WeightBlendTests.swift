import Engine
import Foundation
import Testing

@testable import Recap

@Suite("Weights between baseline and tuned")
struct WeightBlendTests {
  private func values(_ tower: CLIPVisionTower) -> [[Float]] {
    tower.parameters.map { $0.value.withUnsafeValues(Array.init) }
  }

  private func finish(_ blend: WeightBlend, _ alpha: Double) {
    blend.begin(alpha)
    while blend.current != nil { blend.advance() }
  }

  @Test("at α = 0 and at what was kept score as the evaluation did, and the others are on the line through them")
  func line() throws {
    try withTemporaryFolder { folder in
      var run = try TinyRun()
      run.plan.baselineShare = 0.5
      run.plan.rate = 3e-3
      let session = try run.session(.new(folder + "/run"))
      try session.runToItsEnd()
      let models = session.trainer.models
      let blend = try WeightBlend(models, kept: 0.5, evaluator: run.evaluator(), step: 4)
      #expect(blend.next == 0.5)
      finish(blend, 0.5)
      #expect(blend.points.map(\.alpha) == [0, 0.5])
      var last = try #require(session.recorder?.history.evaluations.last)
      last.seconds = nil
      #expect(blend.points[1].report == last)
      #expect(blend.points[0].report.tunedCorrect == last.baselineCorrect && blend.points[0].report.gain == 0)
      #expect(blend.points[0].report.isConsistent && blend.points[0].report.tunedZeroShot == last.baselineZeroShot)

      // Half of the way was kept: at α = 1 the change is twice as large.
      try blend.write(1, run: folder + "/run", to: folder + "/one")
      let opened = try run.workspace.tower(at: folder + "/one")
      let (before, kept) = (values(models.baseline.vision), values(models.tuned))
      for (index, list) in values(opened).enumerated() {
        for (place, value) in list.enumerated() {
          let expected = before[index][place] + 2 * (kept[index][place] - before[index][place])
          #expect(abs(value - expected) < 1e-5)
        }
      }
      try blend.write(0.5, run: folder + "/run", to: folder + "/kept")
      #expect(try values(run.workspace.tower(at: folder + "/kept")) == kept)
      // A checkpoint of it has the projections, too; what is there is not overwritten.
      #expect(try run.workspace.models(tuned: folder + "/kept").projectionTensors.count == 4)
      #expect(throws: Problem.self) { try blend.write(1, run: "", to: folder + "/one") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["kept", "one", "run"])
    }
  }

  private func point(_ alpha: Double, _ correct: Int, broken: Int) -> BlendPoint {
    let before = EvaluationReport(
      step: 1, pairs: 900, baselineCorrect: 300, tunedCorrect: correct, patterns: [], baselinePerPattern: [],
      tunedPerPattern: [], fixed: 0, broken: 0, pValue: 1, interval95: [0, 0], baselineZeroShot: 92,
      tunedZeroShot: 92 - Double(broken) / 15, zeroShotImages: 1500, zeroShotFixed: 0, zeroShotBroken: broken)
    return BlendPoint(alpha: alpha, report: before, areRight: [])
  }

  @Test("the knee has the most pairs among those that are not sure to cost zero-shot accuracy")
  func knee() {
    let points = [
      point(0, 300, broken: 0), point(0.25, 340, broken: 1), point(0.5, 380, broken: 2), point(0.6, 380, broken: 3),
      point(0.75, 420, broken: 30), point(1, 460, broken: 90),
    ]
    #expect(WeightBlend.knee(points)?.alpha == 0.5)
    #expect(WeightBlend.knee([]) == nil)
    #expect(WeightBlend.knee(Array(points.suffix(2))) == nil)
  }
}
