import ArgumentParser
import Engine
import Foundation
import Testing

@testable import Recap
@testable import TUI

@Suite("The command line")
struct UsageTests {
  @Test(
    "ends with status 64 when it is used wrongly",
    arguments: [
      "train --steps -1", "train --batch 0", "train --timestep-range 5,2", "train --timestep-range 5",
      "train --density 2", "train --density count:0", "train --lr nan", "train --optimizer lion", "train --pairs all",
      "train --resume run --steps 3", "train --resume run --seed 2", "train --threads 0", "train --backbone vit",
      "evaluate mmvp --mmvp here --split test", "evaluate mmvp --seeds 0", "evaluate mmvp --feature mean",
      "step --timesteps 0", "reconstruct --strength 0", "reconstruct --sampler euler", "bench --part nothing",
      "bench --repeat 0", "bench --size huge", "bench --size full --clip x", "bench --profile --part gemm",
      "bench --table --part gemm",
      "sweep density --density all", "train --crop center", "train --data x --colors wrong",
      "train --resume run --mmvp x", "sweep density --densities class,,all", "inspect", "report",
      "pretrain", "world", "export", "world --out x --pairs -1", "train --unknown", "pretrian", "trian",
      "train --pairs mined --mmvp x", "some/run --clip x", "some/run --mmvp x", "some/run --steps 1100",
    ])
  func wrongUsage(words: String) {
    #expect(status(words.split(separator: " ").map(String.init)) == 64)
  }

  @Test(
    "goes on with a run's own settings only, be what else is given what it was anyway",
    arguments: [
      "--steps 1100", "--batch 32", "--accumulate 1", "--timesteps 2", "--timestep-range 150,850", "--align-steps 100",
      "--align-lr 1e-3", "--lr 1.5e-4", "--projection-lr 0", "--optimizer adamw", "--warm-up-steps 10",
      "--momentum 0.9",
      "--baseline-share 0.25", "--weight-decay 0", "--clip-norm 1", "--evaluate-every 100", "--checkpoint-every 0",
      "--shuffle-condition",
      "--backbone mini", "--pairs mined",
    ])
  func resumed(option: String) {
    #expect(status(["train", "--resume", "run"] + option.split(separator: " ").map(String.init)) == 64)
  }

  @Test("says on two lines how it is called")
  func usage() {
    let help = DivaTUI.helpMessage(columns: 80)

    #expect(help.contains("USAGE: diva-tui [RUN ...]\n       diva-tui <subcommand>\n"))
    #expect(help.components(separatedBy: "(default)").count == 2)
  }

  @Test("names the command that was meant")
  func suggestion() {
    let message = messageOfFailure { _ = try DivaTUI.parseAsRoot(["evalute"]) }

    #expect(message.contains("Did you mean evaluate?"))
  }

  @Test("takes any other word for a run, and says when there is none")
  func runs() throws {
    let explore = try #require(DivaTUI.parseAsRoot(["some/run", "another"]) as? ExploreCommand)

    #expect(explore.runs == ["some/run", "another"])
    #expect(throws: Problem.self) { try openExplorer(runs: explore.runs, SessionOptions(), graphics: nil) }
  }

  @Test(
    "refuses with status 1 what this version cannot do",
    arguments: [
      "train --backbone openai-vit-l-14", "export --format openai --out x", "train --data shards.tar",
      "train --data 'no/*.tar'",
    ])
  func notImplemented(words: String) throws {
    #expect(status(words.split(separator: " ").map(String.init), assets: try TinyAssets.ready.get()) == 1)
  }

  @Test("trains as the default plan says unless told otherwise")
  func defaultPlan() throws {
    let command = try #require(DivaTUI.parseAsRoot(["train"]) as? TrainCommand)

    let plan = command.options.configuration(
      seed: command.general.seed, density: command.models.density.density(for: Backbone(.mini)))

    #expect(plan == TrainConfiguration())
    #expect(command.options.isEmpty)
  }

  @Test("hands every setting on to the run")
  func everySetting() throws {
    let words =
      "train --steps 7 --batch 8 --accumulate 2 --timesteps 3 --timestep-range 100,900 --align-steps 4 --align-lr 0.25"
      + " --lr 0.5 --projection-lr 0.125 --optimizer sgd --warm-up-steps 5 --momentum 0.75 --weight-decay 0.0625"
      + " --baseline-share 0.75 --clip-norm 2 --evaluate-every 6 --checkpoint-every 9 --shuffle-condition --seed 11 --density count:76"
    let command = try #require(DivaTUI.parseAsRoot(words.split(separator: " ").map(String.init)) as? TrainCommand)

    let plan = command.options.configuration(
      seed: command.general.seed, density: command.models.density.density(for: Backbone(.mini)))

    var expected = TrainConfiguration()
    (expected.steps, expected.batch, expected.accumulate, expected.draws) = (7, 8, 2, 3)
    (expected.firstTimestep, expected.lastTimestep, expected.alignSteps) = (100, 900, 4)
    (expected.alignRate, expected.rate, expected.projectionRate) = (0.25, 0.5, 0.125)
    (expected.optimizer, expected.warmUpSteps, expected.momentum) = (.sgd, 5, 0.75)
    (expected.weightDecay, expected.clipNorm, expected.evaluateEvery, expected.checkpointEvery) = (0.0625, 2, 6, 9)
    expected.baselineShare = 0.75
    (expected.shufflesCondition, expected.seed, expected.density) = (true, 11, .count(76))
    #expect(plan == expected)
    #expect(!command.options.isEmpty)
  }

  @Test("writes a problem on one line, without what could steer a terminal")
  func oneLine() {
    let problem = Problem("cannot read a\u{1B}[2Jb: it is\ncut", advice: "copy it again")

    #expect(problem.oneLine.withoutControlCharacters() == "cannot read a[2Jb: it is cut: copy it again")
  }

  @Test(
    "counts the letters between two names", arguments: [("train", "train", 0), ("train", "trian", 2), ("a", "", 1)])
  func distance(a: String, b: String, letters: Int) {
    #expect(NameDistance.between(a, b) == letters)
  }

  private func messageOfFailure(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return DivaTUI.fullMessage(for: error)
    }
  }
}
