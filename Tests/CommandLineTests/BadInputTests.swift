import Engine
import Foundation
import Testing
import TestSupport

@testable import diva_tui
@testable import Recap

/// Files that are not what they should be: one line that says what, where and what to do, and status 1.
@Suite("Bad input")
struct BadInputTests {
  /// The embedded CLIP in a folder of its own, to be spoilt.
  private func withClip(_ body: (_ assets: String, _ clip: String) throws -> Void) throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      try FileManager.default.copyItem(atPath: assets + "/mini/clip", toPath: folder + "/clip")
      try body(assets, folder + "/clip")
    }
  }

  /// Pairs of the mini world in MMVP's layout, to be spoilt.
  private func withPairs(_ body: (_ assets: String, _ pairs: String) throws -> Void) throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      try diva(["world", "--out", folder, "--images", "0", "--pairs", "1"])
      try body(assets, folder + "/mmvp")
    }
  }

  private func replace(_ old: String, _ new: String, in path: String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(old))
    try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
  }

  @Test("A safetensors file that was cut is named, wherever it is met")
  func truncatedWeights() throws {
    try withClip { assets, clip in
      let file = clip + "/model.safetensors"
      let bytes = try Data(contentsOf: URL(filePath: file))
      try bytes.prefix(bytes.count / 2).write(to: URL(filePath: file))

      for words in [
        ["inspect", file], ["evaluate", "mmvp", "--clip", clip], ["train", "--steps", "1", "--clip", clip],
      ] {
        let line = try #require(complaint(words, assets: assets))
        #expect(line.contains(file) && line.contains("its tensors need") && line.contains("download it again"))
        #expect(!line.contains("\n"))
      }
    }
  }

  @Test("A configuration that does not fit its weights names the tensor and both shapes")
  func wrongConfiguration() throws {
    try withClip { assets, clip in
      try replace("\"patch_size\": 8", "\"patch_size\": 16", in: clip + "/config.json")

      let line = try #require(complaint(["encode", "--texts", "a ball", "--clip", clip], assets: assets))

      #expect(line.contains("(128, 3, 8, 8)") && line.contains("needs (128, 3, 16, 16)") && line.contains(clip))
      let inspection = try #require(try diva(["inspect", clip, "--json"]).objects().first)
      let missing = try #require(inspection["missing"] as? [String])
      #expect(missing.contains { $0.contains("patch_embedding.weight [128, 3, 16, 16], but it is [128, 3, 8, 8]") })
    }
  }

  @Test("A missing column of an MMVP folder is told with those that there are")
  func missingColumn() throws {
    try withPairs { assets, pairs in
      try replace("Question ID,Type,Statement", "Question ID,Type", in: pairs + "/Questions.csv")

      let line = try #require(complaint(["evaluate", "mmvp", "--mmvp", pairs], assets: assets))

      #expect(line.contains("\(pairs)/Questions.csv, line 1") && line.contains("Statement"))
    }
  }

  @Test("A pair whose image is missing is left out and named with its line; without any pair that is an error")
  func missingImage() throws {
    try withPairs { assets, pairs in
      try FileManager.default.removeItem(atPath: pairs + "/MLLM_VLM_Images/Presence/4.png")

      let heard = try diva(["evaluate", "mmvp", "--mmvp", pairs, "--json"], assets: assets)

      #expect(heard.log.contains("line 5") && heard.log.contains("Presence/4.jpg"))
      #expect(heard.log.contains("1 pair is left out, 8 are scored"))
      let told = try #require(try heard.objects().first)
      let skipped = try #require((told["skipped"] as? [[String: Any]])?.first)
      #expect(told["expected"] as? Int == 9 && told["published"] as? Int == 135)
      #expect(told["pairs"] as? Int == 8 && skipped["qid1"] as? Int == 3 && skipped["qid2"] as? Int == 4)

      try FileManager.default.removeItem(atPath: pairs + "/MLLM_VLM_Images")
      try FileManager.default.createDirectory(
        atPath: pairs + "/MLLM_VLM_Images", withIntermediateDirectories: false)
      let line = try #require(complaint(["evaluate", "mmvp", "--mmvp", pairs], assets: assets))
      #expect(line.contains("line 2") && line.contains("1.jpg"))
    }
  }

  @Test("Pairs without an image and pairs whose image cannot be decoded are counted together")
  func leftOut() throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      let image = Image(width: 8, height: 8, pixels: [UInt8](repeating: 90, count: 192))
      for name in ["a", "b"] { try image.writePNG(to: URL(filePath: "\(folder)/\(name).png")) }
      try Data("no picture".utf8).write(to: URL(filePath: folder + "/broken.png"))
      let records = ["a.png", "gone.png", "broken.png"].enumerated().map { id, image in
        #"{"id": \#(id), "image_0": "\#(image)", "image_1": "b.png", "caption_0": "a", "caption_1": "b", "tag": "x"}"#
      }
      try records.joined(separator: "\n").write(
        toFile: folder + "/examples.jsonl", atomically: true, encoding: .utf8)

      let heard = try diva(["evaluate", "--benchmark", folder], assets: assets)

      #expect(heard.log.contains("record 2: there is no image gone.png") && heard.log.contains("broken.png"))
      #expect(heard.log.contains("2 of 3 pairs are left out"))
      #expect(heard.output.contains("1 used of 3 in the files"))
    }
  }

  @Test("A run in place of a benchmark is told as one, with the option that takes it")
  func runAsBenchmark() throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { run in
      for name in ["run.json", "log.jsonl"] {
        try "{}\n".write(toFile: run + "/" + name, atomically: true, encoding: .utf8)
      }

      let line = try #require(complaint(["evaluate", "mmvp", "--mmvp", run], assets: assets))

      #expect(line.contains("\(run) is a run, not a benchmark") && line.contains("--tuned takes the run"))
    }
  }

  @Test("The pairs of a folder are counted beside those that were published; the embedded ones are others")
  func publishedPairs() throws {
    try withPairs { assets, pairs in
      let own = try diva(["evaluate", "mmvp", "--mmvp", pairs], assets: assets).output
      #expect(own.contains("MMVP-VLM: 9 used of 9 in the files, published with 135 pairs"))
      #expect(try !diva(["evaluate", "mmvp"], assets: assets).output.contains("published"))
    }
  }

  @Test(
    "What is missing is told before the work that it would be for",
    arguments: [
      ("evaluate mmvp --tuned /no/clip", "cannot open /no/clip: there is no such file or folder"),
      ("evaluate mmvp --csv /no/folder/p.csv", "cannot write /no/folder/p.csv: No such file or directory"),
      ("evaluate mmvp --result /tmp", "cannot write /tmp: it is a folder"),
      ("encode --out /no/f --images /no/image.png", "cannot write /no/f: No such file or directory"),
      ("step --dump /no/f --images /no/image.png", "cannot write /no/f: No such file or directory"),
      ("reconstruct --out /dev/null/p --images /no/image.png", "cannot make the folder /dev/null/p: Not a directory"),
      ("world --out /dev/null/w", "cannot make the folder /dev/null/w/images: Not a directory"),
    ])
  func early(words: String, message: String) throws {
    let assets = try TinyAssets.ready.get()
    var heard = Hearing()

    let problem = #expect(throws: Problem.self) {
      try diva(words.split(separator: " ").map(String.init), assets: assets) { heard = $0 }
    }

    #expect(problem?.message == message)
    #expect(heard.output.isEmpty && !heard.log.contains("encoded"))
  }

  @Test("Inputs of a step that do not fit the models are refused by name")
  func wrongStepInputs() throws {
    let assets = try TinyAssets.ready.get()
    try withFolder { folder in
      let file = folder + "/inputs.safetensors"
      let cases: [(String, [SafetensorsWriter.Entry])] = [
        ("it holds none of a step's inputs", [.floats("weight", Tensor(zeros: [1]))]),
        ("latent is [1, 8, 3, 4]", [.floats("latent", Tensor(zeros: [1, 8, 3, 4]))]),
        ("latent is (1, 7, 4, 4)", [.floats("latent", Tensor(zeros: [1, 7, 4, 4]))]),
        ("only one of noise and timesteps", [.floats("noise", Tensor(zeros: [4, 8, 8, 8]))]),
        ("token_indices is [4, 1]", [.integers("token_indices", [0, 1, 2, 64], dims: [4, 1])]),
        (
          "timesteps is 3 to 1000",
          [.floats("noise", Tensor(zeros: [4, 8, 8, 8])), .integers("timesteps", [3, 5, 7, 1000], dims: [4])]
        ),
        ("prompt_embedding is (2, 128)", [.floats("prompt_embedding", Tensor(zeros: [2, 128]))]),
      ]
      for (words, entries) in cases {
        try SafetensorsWriter(entries).write(to: file)
        let line = try #require(complaint(["step", "--from", file], assets: assets))
        #expect(line.contains(words))
      }
    }
  }

  @Test("Paths that lead nowhere are told as they were given")
  func missingPaths() throws {
    let assets = try TinyAssets.ready.get()
    let cases = [
      ["inspect", "/no/such.safetensors"], ["report", "/no/run"], ["evaluate", "mmvp", "--mmvp", "/no/pairs"],
      ["evaluate", "mmvp", "--tuned", "/no/clip"], ["train", "--data", "/no/images"], ["step", "--from", "/no/file"],
      ["encode", "--images", "/no/image.png"], ["train", "--resume", "/no/run"],
      ["pretrain", "--out", "x", "--plan", "/no/plan"],
    ]
    for words in cases {
      let line = try #require(complaint(words, assets: assets))
      #expect(line.contains("/no/"))
    }
    #expect(complaint(["train"])?.contains("/nowhere") == true)
  }

  @Test("A plan with a missing number is refused by the number's name, before any work")
  func wrongPlan() throws {
    try withFolder { folder in
      var text = String(decoding: try RunJSON.pretty(TinyAssets.plan), as: UTF8.self)
      text = text.replacing("\"divergenceWeight\"", with: "\"weight\"")
      try text.write(toFile: folder + "/plan.json", atomically: true, encoding: .utf8)

      let line = complaint(["pretrain", "--out", folder + "/out", "--plan", folder + "/plan.json"])

      #expect(line?.contains("“autoencoder.divergenceWeight” is missing") == true)
      #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
    }
  }
}
