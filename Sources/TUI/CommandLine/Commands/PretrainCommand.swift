import ArgumentParser
import Engine
import Foundation
import Recap
import Terminal

/// `diva-tui pretrain`: makes the embedded models again, from nothing.
struct PretrainCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain", abstract: "Train the embedded models from scratch.",
    discussion: "After an interruption the same command continues with the stage that was interrupted.")

  @Option(help: "The folder to write: clip/, diffusion/, mmvp/, pairs.json and pretrain.json.") var out: String
  @Option(help: "A JSON file with the whole plan, in the form of pretrain.json.") var plan: String?
  @Flag(help: "Keep work/: the towers of all stages, and the baseline's twin of a second seed.") var keepWork = false
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { true }

  func work(_ console: Console) throws {
    let folder = MiniFolder(out)
    var plan = try plan.map { try PretrainPlan(parsing: SmallFile.read($0), file: $0) } ?? .mini
    plan.seed = general.givenSeed ?? plan.seed
    var record =
      try PretrainRecord(contentsOf: folder.record)
      ?? PretrainRecord(plan: plan, version: programVersion, threads: ThreadPool.threads)
    guard !folder.isFinished(plan) else {
      throw Problem("\(out) already holds finished models", advice: "give a new folder with --out")
    }
    guard record.plan == plan else {
      throw Problem(
        "\(out) was begun with another plan or seed", advice: "go on with that one, or give a new folder with --out")
    }
    var watch = PretrainWatch(console)
    func save() throws {
      try FileManager.default.makeFolder(out)
      watch.finishStages(into: &record)
      try record.write(to: folder.record)
    }
    let pretraining = try Pretraining(plan: plan, folder: folder) { progress in
      if watch.isNewStage(progress) { try save() }
      watch.see(progress)
      guard let signal = console.interruption() else { return }
      watch.line.clear()
      console.note("stopped; the same command continues after the last finished stage")
      throw signal
    }
    try EndingSignals.whileSaving {
      try pretraining.run()
      try save()
    }
    watch.line.clear()
    record.scores = try PretrainRecord.Scores(Workspace(mini: folder))
    record.conditions = try pretraining.conditionLosses() ?? record.conditions
    record.generator = try pretraining.generatorLosses()
    record.genhancer = try pretraining.genhancerLosses()
    try record.write(to: folder.record)
    if !keepWork { try folder.removeWork() }
    try show(record, text(record), console)
  }

  private func text(_ record: PretrainRecord) -> String {
    let stages = record.stages.map { stage in
      [
        stage.stage, "\(stage.steps)", stage.seconds.durationText, stage.firstLoss.text(decimals: 4),
        stage.lastLoss.text(decimals: 4),
      ]
    }
    let scores = record.scores.map { scores in
      "\n\nbaseline on validation pairs: mined \(scores.minedPairs.text(decimals: 1)) %, "
        + "unmined \(scores.unminedPairs.text(decimals: 1)) %; zero-shot \(scores.zeroShot.text(decimals: 1)) %"
    }
    let conditions = (record.conditions ?? []).map { row in
      [row.condition] + row.losses.map { $0.text(decimals: 4) }
    }
    let timesteps = DenoiserMeasure.timesteps.map { "loss, t = \($0)" }
    return TextTable.text([["stage", "steps", "time", "first loss", "last loss"]] + stages) + (scores ?? "") + "\n\n"
      + TextTable.text([["denoiser's condition"] + timesteps] + conditions)
  }
}

/// Follows a pre-training: losses and time of the stage that is on, and a progress line.
private struct PretrainWatch {
  private var stage: PretrainProgress.Stage?
  private var losses: [Float] = []
  private var start = ContinuousClock.now
  private var lastNews = ContinuousClock.now
  var line: ProgressLine

  init(_ console: Console) { line = ProgressLine(console) }

  func isNewStage(_ progress: PretrainProgress) -> Bool { stage != nil && stage != progress.stage }

  mutating func see(_ progress: PretrainProgress) {
    stage = progress.stage
    losses.append(progress.loss)
    lastNews = ContinuousClock.now
    let elapsed = (lastNews - start) / .seconds(1)
    let left = elapsed / Double(progress.step) * Double(progress.steps - progress.step)
    line.show(
      "\(progress.stage.rawValue) \(progress.step)/\(progress.steps)"
        + "  loss \(Double(progress.loss).text(decimals: 4))  \(left.clockTime) left")
  }

  /// The stage that was on is done. The time of a stage counts from the end of the one before.
  mutating func finishStages(into record: inout PretrainRecord) {
    if let stage { record.add(stage, losses: losses, seconds: (lastNews - start) / .seconds(1)) }
    (stage, losses, start) = (nil, [], lastNews)
  }
}
