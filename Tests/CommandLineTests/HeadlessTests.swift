import Engine
import Foundation
import Testing
import TestSupport

@testable import diva_tui
@testable import Explorer
@testable import Recap
@testable import Terminal

/// The whole way without a screen, on models that have learnt next to nothing.
@Suite("Without a screen")
struct HeadlessTests {
  private static let short = ["--steps", "3", "--align-steps", "2", "--batch", "2", "--evaluate-every", "0"]

  /// A run without interruption, which several tests look at.
  private static let whole = Result { () throws -> String in
    let run = try TinyAssets.ready.get() + "/whole-run"
    try diva(["train", "--out", run] + short, assets: TinyAssets.path)
    return run
  }

  private func json(_ words: [String]) throws -> [[String: Any]] {
    try diva(words + ["--json"], assets: TinyAssets.ready.get()).objects()
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test("pretrain makes a complete folder and tells losses and scores")
  func pretrain() throws {
    let folder = try TinyAssets.ready.get() + "/mini"

    let told = try #require(try TinyAssets.made.objects().first)

    let stages = try #require(told["stages"] as? [[String: Any]])
    #expect(stages.map { $0["stage"] as? String } == PretrainProgress.Stage.allCases.map(\.rawValue))
    #expect(stages.allSatisfy { ($0["lastLoss"] as? Double ?? -1) > 0 })
    #expect((told["scores"] as? [String: Double])?.keys.sorted() == ["minedPairs", "unminedPairs", "zeroShot"])
    #expect(try PretrainRecord(contentsOf: URL(filePath: folder + "/pretrain.json"))?.plan == TinyAssets.plan)
    #expect(!FileManager.default.fileExists(atPath: folder + "/work"))
    #expect(complaint(["pretrain", "--out", folder])?.contains("already holds finished models") == true)
  }

  @Test("pretrain adds a generator to models that lack nothing else, the same that it makes with them")
  func missingGenerator() throws {
    let assets = try TinyAssets.ready.get() + "/mini"
    try withFolder { folder in
      let (mini, plan) = (folder + "/mini", folder + "/plan.json")
      try FileManager.default.copyItem(atPath: assets, toPath: mini)
      for folder in ["unclip", "genhancer"] { try FileManager.default.removeItem(atPath: mini + "/" + folder) }
      try RunJSON.pretty(TinyAssets.plan).write(to: URL(filePath: plan))
      let words = ["train", "--feedback", "unclip", "--steps", "1", "--out", folder + "/run"]
      let refusal = complaint(words, assets: folder) ?? ""
      #expect(refusal.contains("needs a generator") && refusal.contains("diva-tui pretrain"), "\(refusal)")
      let other = complaint(words.map { $0 == "unclip" ? "genhancer" : $0 }, assets: folder) ?? ""
      #expect(other.contains("\(mini) holds none") && other.contains("diva-tui pretrain"), "\(other)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/run"))

      _ = try diva(["pretrain", "--out", mini, "--plan", plan, "--json"], assets: folder)

      let made = [
        "unclip/unet/diffusion_pytorch_model.safetensors", "genhancer/diffusion_pytorch_model.safetensors",
        "genhancer/projectors/model.safetensors", "clip/model.safetensors",
      ]
      for file in made {
        #expect(try bytes("\(mini)/\(file)") == bytes("\(assets)/\(file)"), "\(file)")
      }
      let record = try #require(try PretrainRecord(contentsOf: URL(filePath: mini + "/pretrain.json")))
      for rows in [record.generator, record.genhancer] {
        #expect(rows?.map(\.condition) == ["nothing", "another picture's embedding", "its embedding"])
      }
      #expect(record.conditions?.isEmpty == false && record.stages.count == PretrainProgress.Stage.allCases.count)
    }
  }

  @Test("--once has a frame of a run as text, and as a PNG") @MainActor
  func once() throws {
    let run = try FoundRuns([try HeadlessTests.whole.get()])
    let size = Size(columns: 100, rows: 30)
    let frame = try InteractiveExplorer.frame(of: run, screen: "pairs", size: size)
    let lines = Screenshot.text(of: frame).split(separator: "\n", omittingEmptySubsequences: false)

    #expect(lines.count == 31 && lines[0].contains("3 Pairs") && lines.allSatisfy { $0.count <= 100 })
    #expect(lines.dropFirst(2).dropLast(3).contains { !$0.isEmpty })
    let image = try Image(decoding: Screenshot.image(of: frame).png(), named: "frame")
    #expect((image.width, image.height) == (1600, 960))
    for screen in Explorer.screens {
      let title = screen.title
      let frame = try InteractiveExplorer.frame(of: run, screen: title.lowercased(), size: size)
      // The open one's name is the only one that is selected.
      let header = (0..<100).map { frame[$0, 0] }
      #expect(String(header.filter(\.style.isSelected).map(\.character)).contains(title))
    }
    for view in [OpeningView(step: 9999), OpeningView(pair: 9999), OpeningView(image: "/none.png")] {
      #expect(throws: Problem.self) { try view.check(run) }
    }
    try OpeningView(pair: 1).check(run)
    let problem = #expect(throws: Problem.self) {
      try InteractiveExplorer.frame(of: run, screen: "pears", size: size)
    }
    #expect(problem?.advice?.contains("pairs") == true)
  }

  @Test("train writes a run that report tells of, and the same seed gives the same weights")
  func train() throws {
    try withFolder { folder in
      let whole = try HeadlessTests.whole.get()
      #expect(complaint(["world", "--out", whole])?.contains("it holds a run") == true)

      let first = try json(["train", "--out", folder + "/a", "--checkpoint-every", "1"] + HeadlessTests.short)

      let steps = first.filter { $0["loss"] != nil }
      #expect(steps.map { $0["stage"] as? String } == ["align", "align", "train", "train", "train"])
      let keys: Set = ["step", "loss", "lr", "gradNorm", "imagesPerSecond", "seconds", "stage"]
      #expect(steps.allSatisfy { Set($0.keys) == keys })
      let scores = try #require(first.last?["mmvp"] as? [String: Any])
      #expect(scores["pairs"] as? Int == 9 && (scores["perPattern"] as? [String: Any])?.count == 9)
      for file in ["model", "visual_proj", "optimizer", "align_optimizer"] {
        let name = "/checkpoint-3/\(file).safetensors"
        #expect(try bytes(folder + "/a" + name) == bytes(whole + name))
      }
      let report = try #require(try json(["report", folder + "/a"]).first)
      #expect(report["status"] as? String == "finished" && report["trainSteps"] as? Int == 3)
      let both = try diva(["report", whole, folder + "/a"], assets: TinyAssets.path).output
      #expect(both.contains("settings that differ  whole-run  a\ncheckpointEvery               0  1\n"), "\(both)")
      #expect(
        complaint(["train", "--out", folder + "/a"] + HeadlessTests.short, assets: TinyAssets.path)?.contains(
          "--resume") == true)
    }
  }

  @Test("a run that was stopped goes on as if it had not been, in both stages", arguments: [0, 3])
  func resume(stepsBeforeStop: Int) throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      let whole = try HeadlessTests.whole.get()

      #expect(throws: Interrupted.self) {
        try diva(["train", "--out", folder + "/cut"] + HeadlessTests.short, assets: assets, patience: stepsBeforeStop)
      }
      #expect(try RunFolder(opening: folder + "/cut").history().steps.count == stepsBeforeStop + 1)
      try diva(["train", "--resume", folder + "/cut"], assets: assets)

      for file in ["model", "visual_proj", "optimizer", "align_optimizer"] {
        let name = "/checkpoint-3/\(file).safetensors"
        #expect(try bytes(whole + name) == bytes(folder + "/cut" + name))
      }
      let losses = try [whole, folder + "/cut"].map { try RunFolder(opening: $0).history().steps.map(\.loss) }
      #expect(losses[0] == losses[1] && losses[0].count == 5)
    }
  }

  @Test(
    "a run that goes on is scored on the pairs that it began with",
    arguments: [[], ["--pairs", "unmined"], ["--mmvp", "/some/pairs"]])
  func resumedPairs(words: [String]) throws {
    let workspace = try Workspace(mini: Assets.mini(environment: [Assets.variable: TinyAssets.ready.get()]))
    let begun = try #require(DivaTUI.parseAsRoot(["train"] + words) as? TrainCommand)

    #expect(try ScoredPairs(of: begun.description(in: workspace)) == begun.pairs.scored)
  }

  @Test("a run learns from a folder of images, and names the files that it leaves out")
  func ownImages() throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      try diva(["world", "--out", folder, "--images", "3", "--pairs", "0"])
      try Data("no image".utf8).write(to: URL(filePath: folder + "/images/broken.png"))

      let heard = try diva(["train", "--data", folder + "/images"] + HeadlessTests.short, assets: assets)

      #expect(heard.log.contains("left out: cannot read") && heard.log.contains("broken.png"))
      #expect(heard.output.contains("validation, mined pairs"))
    }
  }

  @Test("a run on own images that was stopped goes on with the parts of images that it would have seen")
  func resumeOwnImages() throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      try diva(["world", "--out", folder, "--images", "3", "--pairs", "1"])
      let words =
        ["train", "--data", folder + "/images", "--mmvp", folder + "/mmvp", "--prompt", "a picture"]
        + HeadlessTests.short

      try diva(words + ["--out", folder + "/whole"], assets: assets)
      #expect(throws: Interrupted.self) {
        try diva(words + ["--out", folder + "/cut"], assets: assets, patience: 3)
      }
      try diva(["train", "--resume", folder + "/cut"], assets: assets)
      try diva(words + ["--out", folder + "/center", "--crop", "center"], assets: assets)

      let runs = try ["whole", "cut", "center"].map { try RunFolder(opening: "\(folder)/\($0)") }
      let losses = try runs.map { try $0.history().steps.map(\.loss) }
      #expect(losses[0] == losses[1] && losses[0].count == 5 && losses[0] != losses[2])
      #expect(try runs[1].history().predictions.last?.set == "mmvp")
      #expect(try runs[1].history().predictions.last?.pairs == 9)
      let images = runs[0].description.images
      #expect(images == DataPlan([folder + "/images"], crop: .random, colors: .reference))
      #expect(runs[0].description.prompt == "a picture")
    }
  }

  @Test("a run of other embedded models is not opened with these")
  func otherEmbeddedModels() throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      let run = try HeadlessTests.whole.get()
      try FileManager.default.copyItem(atPath: assets + "/mini", toPath: folder + "/mini")
      let weights = folder + "/mini/clip/model.safetensors"
      var changed = try bytes(weights)
      changed[changed.count - 1] ^= 1
      try changed.write(to: URL(filePath: weights))

      let line = try #require(complaint(["train", "--resume", run], assets: folder))

      let digests = try [assets, folder].map { try MiniFolder($0 + "/mini").digest() }
      #expect(try RunFolder(opening: run).description.embeddedWeights == digests[0] && digests[0].count == 32)
      #expect(line.contains("began with other embedded models (\(digests[0].prefix(8)))"))
      #expect(line.contains("(\(digests[1].prefix(8)))") && line.contains(Assets.variable))
    }
  }

  @Test("evaluate scores a CLIP beside the first one, and writes the reference's file")
  func evaluate() throws {
    try withFolder { folder in
      let clip = try TinyAssets.ready.get() + "/mini/clip"

      let told = try #require(
        try json([
          "evaluate", "mmvp", "--tuned", clip, "--seeds", "2", "--csv", folder + "/p.csv", "--result",
          folder + "/r.json",
        ]).first)

      let keys = [
        "average", "perPattern", "pairsCorrect", "pairs", "perSeed", "interval95", "pairedTest", "predictions",
      ]
      #expect(Set(keys).isSubset(of: told.keys))
      #expect((told["perSeed"] as? [Any])?.count == 2)
      #expect((told["spread"] as? [String: Double])?["deviation"] == 0)
      #expect((told["pairedTestPerSeed"] as? [Any])?.count == 2)
      #expect((told["skipped"] as? [Any])?.isEmpty == true && told["backbone"] as? String == "mini")
      let results = try JSON(parsing: [UInt8](bytes(folder + "/r.json")), file: "r.json")
      #expect(results["results_before"]?["mini"]?["average_score"]?.double == told["average"] as? Double)
      #expect(results["results_before"] == results["results_final_after"])
      let test = try #require(told["pairedTest"] as? [String: Any])
      #expect(test["fixed"] as? Int == 0 && test["broken"] as? Int == 0 && test["pValue"] as? Double == 1)
      let rows = try CSV.rows(in: bytes(folder + "/p.csv")).map(\.fields)
      #expect(rows[0] == ["qid1", "qid2", "pred1", "pred2", "gt1", "gt2", "q1score", "q2score"])
      #expect(rows.count == 10 && rows[9].prefix(2) == ["17", "18"])
    }
  }

  @Test("the embedded pairs score alike as files and as scenes")
  func filesAndScenes() throws {
    let files = try #require(try json(["evaluate", "mmvp"]).first)
    let scenes = try #require(try json(["evaluate", "mmvp", "--split", "browsing"]).first)

    let scores = [files, scenes].map { ($0["predictions"] as? [[String: Any]])?.map { $0["q1score"] as? Double } }
    #expect(scores[0] == scores[1] && scores[0]?.count == 9)
  }

  @Test(
    "step repeats another step from its dumped inputs, whatever its own seed", arguments: ["class", "0.3", "pool:6"])
  func step(density: String) throws {
    try withFolder { folder in
      let (first, second) = (folder + "/1.safetensors", folder + "/2.safetensors")

      let told = try #require(try json(["step", "--density", density, "--decoded", "--dump", first]).first)
      _ = try json([
        "step", "--density", density, "--seed", "99", "--decoded", "--from", first, "--dump", second,
      ])

      #expect(try bytes(first) == bytes(second))
      let file = try SafetensorsFile(first)
      let tower = try CLIP(WeightsFolder(TinyAssets.path + "/mini/clip")).vision.parameters.map { "grad." + $0.name }
      let expected =
        tower + [
          "grad.visual_proj.weight", "grad.visual_proj.bias", "grad.context", "context", "noise_prediction", "loss",
          "decoded", "clip_pixels", "latent", "noise", "timesteps", "prompt_embedding",
        ]
      #expect(Set(expected).isSubset(of: file.tensorNames))
      #expect(file.description(of: "noise")?.dims == [8, 8, 8, 8] && file.description(of: "timesteps")?.type == .i64)
      #expect(
        file.description(of: "token_indices")?.dims
          == (density == "class" ? [4, 0] : density == "0.3" ? [4, 19] : nil))
      #expect(try file.tensor(named: "loss")?.item == (told["loss"] as? NSNumber)?.floatValue)
    }
  }

  @Test("at the end the tower goes its share of the way back to the baseline")
  func baselineShare() throws {
    let assets = try TinyAssets.ready.get()
    let settings = ["--steps", "2", "--align-steps", "1", "--batch", "2", "--lr", "0.01", "--evaluate-every", "0"]
    try withFolder { folder in
      for share in ["0", "0.75", "1"] {
        try diva(["train", "--out", "\(folder)/\(share)", "--baseline-share", share] + settings, assets: assets)
      }
      func tower(_ share: String) throws -> [Float] {
        let file = try SafetensorsFile(folder + "/\(share)/checkpoint-2/model.safetensors")
        return try file.tensorNames.filter { $0.hasPrefix("vision") }.flatMap {
          try #require(try file.tensor(named: $0)).values
        }
      }
      let (far, near, none) = (try tower("0"), try tower("0.75"), try tower("1"))

      let (whole, part) = (distance(far, none), distance(near, none))
      #expect(whole > 0.01)
      #expect(abs(part / whole - 0.25) < 1e-3)
      let report = try diva(["evaluate", "mmvp", "--tuned", folder + "/1", "--json", "--no-cache"], assets: assets)
      let paired = try #require(report.objects().first?["pairedTest"] as? [String: Any])
      #expect(paired["fixed"] as? Int == 0 && paired["broken"] as? Int == 0)
    }
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  @Test("encode gives features as CLIP has them, and the pixels that it saw")
  func encode() throws {
    try withFolder { folder in
      let out = folder + "/f.safetensors"

      let told = try #require(
        try json(["encode", "--texts", "a ball", "", "--out", out, "--tokens", "--pixels"]).first)
      #expect((told["norms"] as? [String: Any])?.keys.sorted() == ["text_features"])
      _ = try json(["encode", "--out", out, "--tokens", "--pixels"])

      let file = try SafetensorsFile(out)
      #expect(file.tensorNames.sorted() == ["image_features", "image_tokens", "pixels"])
      #expect(file.description(of: "pixels")?.dims == [4, 3, 64, 64])
      let tokens = try #require(try file.tensor(named: "image_tokens"))
      #expect(tokens.shape == [4, 65, 128])
      let features = try #require(try file.tensor(named: "image_features")).values
      let classTokens = tokens.gatherTokens(Array(repeating: [0], count: 4)).values
      // The same rows of a product, among 4 and among 260: only our own kernels promise them the same bits.
      let length = distance(features, [Float](repeating: 0, count: features.count))
      let limit = GemmBackend.current.isOwn ? 0 : 1e-6 * length
      #expect(features.count == 4 * 128 && distance(features, classTokens) <= limit)
    }
  }

  @Test("reconstruct writes four pictures an image, and alike CLIPs rebuild alike")
  func reconstruct() throws {
    try withFolder { folder in
      let lines = try json(["reconstruct", "--sampler-steps", "2", "--out", folder + "/pictures"])

      #expect(lines.count == 4)
      let files = try #require(lines[0]["files"] as? [String])
      #expect(files.count == 4 && files.allSatisfy { FileManager.default.fileExists(atPath: $0) })
      #expect(lines[0]["baseline"] as? [String: Double] == lines[0]["tuned"] as? [String: Double])
    }
  }

  @Test("export writes what opens again, and inspect finds it complete")
  func export() throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      let run = try HeadlessTests.whole.get()

      _ = try json(["export", "--tuned", run, "--out", folder + "/clip"])

      let opened = try CLIP(WeightsFolder(folder + "/clip"))
      let saved = try SafetensorsFile(run + "/checkpoint-3/model.safetensors")
      let name = "vision_model.post_layernorm.weight"
      #expect(opened.parameters.first { $0.name == name }?.value.values == (try saved.tensor(named: name)?.values))
      let told = try #require(try diva(["inspect", folder + "/clip", "--json"]).objects().first)
      #expect(told["missing"] as? [String] == [] && told["unexpected"] as? [String] == [])
      let parts = try #require(try diva(["inspect", assets + "/mini/diffusion", "--json"]).objects().first?["parts"])
      #expect((parts as? [String: [String: Any]])?.values.allSatisfy { $0["missing"] as? [String] == [] } == true)
    }
  }

  @Test("doctor knows the processor, the libraries and where the models are")
  func doctor() throws {
    let told = try #require(try json(["doctor"]).first)

    #expect(told["assets"] as? String == TinyAssets.path + "/mini")
    let machine = try #require(told["machine"] as? [String: Any])
    #expect((machine["libraries"] as? [String: String])?.keys.sorted() == ["HDF5", "Open MPI", "oneDNN", "sixel"])
    let lost = try #require(try diva(["doctor", "--json"]).objects().first?["advice"] as? [String])
    #expect(lost.contains { $0.contains("/nowhere") })
  }
}
