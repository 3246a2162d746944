import Engine
import Foundation
import Recap
import Terminal

/// Another program's run that is read again and again.
struct FollowedForeignRun: RunSource {
  private(set) var run: ForeignRun
  let name: String
  /// Its place in the list of runs.
  let number: Int

  init(_ run: ForeignRun, name: String, number: Int) { (self.run, self.name, self.number) = (run, name, number) }

  /// Reads what is new, and gives it.
  mutating func look() -> [LogEntry] { run.readNew() }

  var status: TrainingStatus {
    if let problem = run.problem { return .failed(problem) }
    return switch run.status() {
    case .live: .live
    case .finished: .finished
    case .failed(let reason): .failed(Problem(reason))
    case .silent(let seconds): .silent(seconds: seconds)
    }
  }

  var opened: OpenedRun {
    var opened = OpenedRun(name: name, plan: nil, history: run.history)
    (opened.number, opened.isFollowed, opened.path) = (number, true, run.path)
    (opened.program, opened.plannedSteps) = (run.program, run.plannedSteps)
    return opened
  }

  /// As of the last look.
  var row: RunRow {
    let scalars = run.history.scalars
    let loss = scalars.orderedTags.first { TagMeaning($0) == .loss }.flatMap { scalars.series[$0]?.last?.value }
    let facts = [("folder", run.path), ("recorded by", run.program.rawValue)] + run.facts.map { ($0.name, $0.value) }
    let held = "\(scalars.series.count.counted("scalar")), \(scalars.pictures.count.counted("tag")) of pictures"
    let notes = [("holds", held)] + run.remarks.map { ("note", $0) }
    return RunRow(
      name: name, status: status, step: scalars.lastStep, totalSteps: run.plannedSteps ?? 0, loss: loss,
      facts: (facts + notes).map { RunRow.Fact(name: $0.0, value: $0.1.withoutControlCharacters()) }, isForeign: true)
  }

  /// Why there is nothing to reconstruct, and no answers.
  var absence: String {
    let saved = SavedWeights.newest(in: run.path).map { URL(filePath: $0.path).lastPathComponent.shown }
    let weights = saved.map { "It saved weights (\($0)): name" } ?? "Name its weights with --tuned, and"
    return
      "This record holds scalars and pictures, and no answers to pairs. \(weights) the CLIP that it began with to compare "
      + "them: diva-tui RUN --clip BASELINE, with --diffusion for reconstructions."
  }

  /// What the Models screen says.
  var models: [ModelFacts] {
    [ModelFacts("Run of another program", row.facts.map { .init($0.name, $0.value) })]
  }
}
