import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The report of a run")
struct RunReportTests {
  private func summary(_ entries: [LogEntry], _ description: RunDescription = .sample, in parent: String) throws
    -> RunSummary
  {
    let run = try RunFolder.create(parent + "/first", description)
    let recorder = try RunRecorder(run)
    for entry in entries { try recorder.record(entry) }
    return try RunSummary(reading: run)
  }

  private var training: [LogEntry] {
    let align = (1...60).map { LogEntry.step(.sample($0, stage: .align, loss: 1)) }
    let train = (1...200).map { LogEntry.step(.sample($0, loss: $0 <= 100 ? 0.25 : 0.125)) }
    return align + train + [.evaluation(.sample(200)), .finished(step: 200, seconds: 252.3)]
  }

  @Test("tells what ran, what came of it, and by pattern")
  func golden() throws {
    try withTemporaryFolder { parent in
      let text = RunReport.text(for: try summary(training, in: parent))

      #expect(text == expectedText)
    }
  }

  @Test("of a run that fell silent says so, and what will come")
  func silent() throws {
    try withTemporaryFolder { parent in
      let summary = try summary([], in: parent)

      let text = RunReport.text(for: summary, now: summary.lastNews + 4000)

      #expect(text.hasPrefix("run first: no news for 1 h 6 min: presumed crashed\n"))
      #expect(text.contains("\nprogress   align 0/60, train 0/1500 in 0 s\nloss       no step yet\n"))
      #expect(text.hasSuffix("\n\nno evaluation yet; one follows every 100 steps\n"))
    }
  }

  @Test("says why a run was stopped or has failed, until it goes on")
  func reasons() throws {
    let endings: [(LogEntry, String)] = [
      (.stopped(step: 2), "stopped\nstarted"), (.stopped(step: 2, cause: "SIGTERM"), "stopped\nreason     SIGTERM\n"),
      (.failed(step: 2, message: "cannot write x\u{1B}"), "failed\nreason     cannot write x\n"),
    ]
    for (ending, words) in endings {
      try withTemporaryFolder { parent in
        let text = RunReport.text(for: try summary([.step(.sample(1)), ending], in: parent))
        #expect(text.hasPrefix("run first: " + words))
        #expect(RunHistory([ending, .step(.sample(3))]).reason == nil)
      }
    }
  }

  @Test("draws a loss that is no number, density changes and a control")
  func unusual() throws {
    var description = RunDescription.sample
    description.configuration.shufflesCondition = true
    try withTemporaryFolder { parent in
      let text = RunReport.text(for: try summary(Array(sampleEntries.dropLast(5)), description, in: parent))

      #expect(text.contains("\nloss       1.0000 → NaN (first and last step)\n"))
      #expect(text.contains("\nchanged    density count:76 at step 1\n"))
      #expect(text.contains("\ncontrol    conditioned on another image’s features: must not help\n"))
    }
  }

  @Test("stays within 80 columns and its lines, whatever the names")
  func hostileNames() throws {
    var description = RunDescription.sample
    description.clip = "\u{1B}]0;gone\u{7}/" + String(repeating: "very-long/", count: 20) + "clip"
    description.cpu = "CPU\nrun first: faked\u{202E}"
    var report = EvaluationReport.sample(1)
    report.patterns[0] = "\u{9B}31mRed\n" + String(repeating: "x", count: 90)
    try withTemporaryFolder { parent in
      let text = RunReport.text(for: try summary([.evaluation(report)], description, in: parent))
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)

      #expect(lines.allSatisfy { $0.count <= 80 })
      #expect(text.withoutControlCharacters(keepingNewlines: true) == text)
      #expect(lines[2] == "machine    CPUrun first: faked, 2 threads")
      #expect(lines[3].hasPrefix("CLIP       ]0;gone/very-long/ver") && lines[3].hasSuffix("long/clip"))
      #expect(lines.count == expectedText.split(separator: "\n", omittingEmptySubsequences: false).count)
    }
  }

  @Test("is the same in JSON, numbers that are not finite included")
  func json() throws {
    try withTemporaryFolder { parent in
      let json = try RunJSON.pretty(RunReport(try summary(sampleEntries, in: parent)))
      let parsed = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])

      #expect(parsed["run"] as? String == "first")
      #expect(parsed["status"] as? String == "finished")
      #expect(parsed["trainSteps"] as? Int == 3)
      #expect((parsed["loss"] as? [String: Any])?["last"] as? String == "-Infinity")
      #expect((parsed["evaluations"] as? [[String: Any]])?.last?["tunedCorrect"] as? Int == 57)
      #expect((parsed["description"] as? [String: Any])?["clip"] as? String == "assets/mini/clip")
    }
  }

  @Test("follows a run that still goes on")
  func live() throws {
    try withTemporaryFolder { parent in
      let run = try RunFolder.create(parent + "/run", .sample)
      let recorder = try RunRecorder(run)
      var summary = try RunSummary(reading: run)

      try recorder.record(.step(.sample(1)))

      #expect(try summary.update().count == 1)
      #expect(summary.history.steps == [.sample(1)])
      #expect(try summary.update().isEmpty)
      #expect(summary.status(now: summary.lastNews + 1) == .running)
    }
  }

  private let expectedText = """
    run first: finished
    started    2026-09-21T14:13:20Z, diva-tui 0.1.0
    machine    Test CPU, 2 threads
    CLIP       assets/mini/clip
    diffusion  assets/mini/diffusion
    data       mini world
    settings   density class, batch 32, 2 draws per image, adamw 0.0003, seed 1
    progress   align 60/60, train 200/1500 in 4 min 12 s, 200.0 images/s
    loss       0.2500 → 0.1250 (means of the first and last 20 steps)

    step 200                                    baseline     tuned    change
    pairs right, %                                  29.6      42.2     +12.6
    pairs right of 135                                40        57
    zero-shot, %                                    91.3      90.5      −0.8
    fixed      22 pairs, broken 5
    McNemar    p 0.0015, exact, two-sided
    interval   +5.2 … +19.9 points of pair accuracy (95 %)

    pairs right by pattern, %                   baseline     tuned    change
    Orientation and Direction                       20.0      33.3     +13.3
    Presence of Specific Features                   33.3      46.7     +13.3
    State and Condition                             40.0      40.0      +0.0
    Quantity and Count                              26.7      40.0     +13.3
    Positional and Relational Context               13.3      20.0      +6.7
    Color and Appearance                            46.7      73.3     +26.7
    Structural Characteristics                      33.3      46.7     +13.3
    Texts                                           26.7      20.0      −6.7
    Viewpoint and Perspective                       26.7      60.0     +33.3

    """
}
