import ArgumentParser
import Engine
import Foundation
import Testing

@testable import diva_tui
@testable import Explorer
@testable import Recap
@testable import Terminal

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
      "train --resume run --mmvp x", "sweep density --densities class,,all", "inspect",
      "sweep feedback --feedback dcr", "sweep feedback --feedbacks diva,x", "sweep feedback --feedbacks dcr,diva,dcr",
      "sweep feedback --batch 6", "sweep feedback --steps 0", "sweep feedback --patience 2",
      "sweep feedback --seconds 0", "sweep feedback --seeds 0", "report",
      "pretrain", "world", "export", "world --out x --pairs -1", "train --unknown", "pretrian", "trian",
      "train --pairs mined --mmvp x", "some/run --clip x", "some/run --mmvp x", "some/run --steps 1100",
    ])
  func wrongUsage(words: String) {
    #expect(status(words.split(separator: " ").map(String.init)) == 64)
  }

  @Test(
    "goes on with a run's own settings only, be what else is given what it was anyway",
    arguments: TrainSetting.withOptions.map { $0.words(value: $0.text(TrainConfiguration())) }
      + ["--timesteps 2", "--timestep-range 150,850", "--backbone mini", "--pairs mined"])
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

  @Test("a negative value belongs to the option before it, and the range is said")
  func negativeValues() {
    let words = ["run", "--step", "-3", "--once"]
    #expect(DivaTUI.joiningNegativeValues(words) == ["run", "--step=-3", "--once"])
    let dashed = ["encode", "--texts", "a", "--", "--x", "-3"]
    #expect(DivaTUI.joiningNegativeValues(dashed) == dashed)
    let message = messageOfFailure { _ = try DivaTUI.parseAsRoot(DivaTUI.joiningNegativeValues(words)) }
    #expect(message.contains("--step: -3 is out of bounds; expected 0 or more"))
  }

  @Test(
    "says what was expected",
    arguments: [
      ("evaluate frob", "no benchmark “frob”"), ("evaluate", "--benchmark FOLDER"),
      ("run --once --size 10x5", "from 20x8 to 500x300, such as 120x36"), ("run --pair 0", "expected 1 or more"),
    ])
  func expectation(words: String, answer: String) {
    let message = messageOfFailure { _ = try DivaTUI.parseAsRoot(words.split(separator: " ").map(String.init)) }
    #expect(message.contains(answer), "\(message)")
  }

  @Test("takes any other word for a run, and says when there is none")
  func runs() throws {
    let explore = try #require(DivaTUI.parseAsRoot(["some/run", "another"]) as? ExploreCommand)

    #expect(explore.runs == ["some/run", "another"])
    #expect(throws: Problem.self) {
      try openExplorer(runs: explore.runs, SessionOptions(environment: [:]), look: .init())
    }
  }

  @Test("one frame needs a run, and its options need --once")
  func oneFrame() throws {
    let explore = try #require(
      DivaTUI.parseAsRoot(["run", "--once", "--size", "80x24", "--markers", "ascii", "--theme", "light"])
        as? ExploreCommand)

    #expect(explore.look.once && explore.look.size?.size == Size(columns: 80, rows: 24))
    #expect(explore.look.look.markers == .ascii && explore.look.look.isLight == true)
    for words in [
      ["--once"], ["run", "--png", "x"], ["run", "--once", "--size", "80"], ["run", "--graphics", "tiff"],
    ] {
      #expect(throws: (any Error).self, "\(words)") { try DivaTUI.parseAsRoot(words) }
    }
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
    #expect(try parsed("") == TrainConfiguration())
    #expect(try TrainOptions.parse([]).isEmpty)
  }

  @Test("a CLIP that is not the mini world's gets its own learning rate, unless something of it was given")
  func rate() throws {
    let (mini, published) = (Backbone(.mini).policy, Backbone(.openAIL14).policy)
    func rate(_ words: [String], _ policy: SessionPolicy) throws -> Float {
      try TrainOptions.parse(words).configuration(seed: 1, density: .all, for: policy).rate
    }
    #expect(try rate([], mini) == TrainConfiguration().rate && rate([], published) == 1e-5)
    #expect(try rate(["--feedback", "unclip"], mini) == 3e-5 && rate(["--feedback", "unclip"], published) == 1e-5)
    #expect(try rate(["--lr", "3e-4"], published) == 3e-4 && rate(["--recipe", "reference"], published) == 1e-4)
    #expect(try rate(["--optimizer", "sgd"], published) == TrainConfiguration().rate)
  }

  @Test("a feedback tunes what its authors tune, unless something else was given")
  func tuning() throws {
    func tuning(_ words: [String], _ name: Backbone.Name) throws -> TowerTuning {
      try TrainOptions.parse(words).configuration(seed: 1, density: .all, for: Backbone(name).policy).tuning
    }
    for name in [Backbone.Name.mini, .openAIL14] {
      #expect(try tuning([], name) == .full && tuning(["--feedback", "unclip"], name) == .full)
      #expect(try tuning(["--feedback", "genhancer"], name) == .lora && tuning(["--feedback", "dcr"], name) == .lora)
      #expect(try tuning(["--feedback", "dcr", "--tuning", "full"], name) == .full)
    }
  }

  @Test("--recipe reference sets what the authors' scripts set; other options change single settings of it")
  func recipe() throws {
    let plan = try TrainOptions.parse(["--recipe", "reference", "--batch", "2"]).configuration(seed: 5, density: .all)

    var wanted = TrainConfiguration()
    (wanted.seed, wanted.density, wanted.batch, wanted.accumulate, wanted.steps) = (5, .all, 2, 40, 4600)
    (wanted.optimizer, wanted.rate, wanted.projectionRate, wanted.warmUpSteps) = (.sgd, 1e-4, 1e-4, 23)
    (wanted.alignSteps, wanted.timesteps, wanted.baselineShare) = (0, 0..<1000, 0)
    #expect(plan == wanted)
    #expect(try !TrainOptions.parse(["--recipe", "reference"]).isEmpty)
  }

  @Test("texts that begin with a dash stand behind two")
  func dashedTexts() throws {
    let command = try EncodeCommand.parse(["--texts", "a", "b", "--json", "--", "-c", "--d"])

    #expect(command.texts == ["a", "b"] && command.dashedTexts == ["-c", "--d"])
    #expect(try EncodeCommand.parse(["--", "-c"]).dashedTexts == ["-c"])
  }

  @Test("hands every setting on to the run, and no other", arguments: TrainSetting.withOptions)
  func everySetting(setting: TrainSetting) throws {
    let value = setting.anotherValue
    let plan = try parsed(setting.words(value: value))

    #expect(setting.text(plan) == value)
    #expect(TrainSetting.differing(in: [plan, TrainConfiguration()]).map(\.name) == [setting.name])
    #expect(try parsed(setting.words(value: value, name: setting.options.last)) == plan)
  }

  @Test("hands on the seed, the density and the timesteps")
  func otherSettings() throws {
    var expected = TrainConfiguration()
    (expected.seed, expected.density) = (11, .count(76))
    (expected.firstTimestep, expected.lastTimestep) = (100, 900)

    #expect(try parsed("--seed 11 --density count:76 --timestep-range 100,900") == expected)
  }

  @Test("refuses a value with the bounds that run.json has")
  func bounds() {
    let message = messageOfFailure { _ = try parsed("--baseline-share 1.5") }

    #expect(message.contains("--baseline-share: 1.5 is out of bounds; expected 0.0 to 1.0"), "\(message)")
  }

  private func parsed(_ words: String) throws -> TrainConfiguration {
    let words = ["train"] + words.split(separator: " ").map(String.init)
    let command = try #require(DivaTUI.parseAsRoot(words) as? TrainCommand)
    return command.options.configuration(
      seed: command.general.seed, density: command.models.density.density(for: Backbone(.mini)))
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

extension TrainSetting {
  /// Those that have an option of their own.
  fileprivate static var withOptions: [TrainSetting] {
    all.filter { !$0.options.isEmpty && $0.options != ["timestep-range"] }
  }

  /// `--lr 0.5`; of a flag the name alone.
  fileprivate func words(value: String, name: String? = nil) -> String {
    "--\(name ?? options[0])" + (["true", "false"].contains(value) ? "" : " \(value)")
  }

  /// A value within the bounds that is not the default.
  fileprivate var anotherValue: String {
    let standard = text(TrainConfiguration())
    if let number = Int(standard) { return "\(number + 1)" }
    if let number = Float(standard) { return "\(number / 2 + 0.125)" }
    return ["adamw": "sgd", "diva": "dcr", "full": "lora", "false": "true"][standard] ?? standard
  }
}
