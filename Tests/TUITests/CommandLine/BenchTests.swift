import Engine
import Foundation
import Testing

@testable import Recap
@testable import TUI

@Suite("The benchmark measures")
struct BenchTests {
  private func rows(_ words: [String]) throws -> [[String: Any]] {
    try diva(["bench", "--json", "--threads", "1", "--repeat", "1"] + words, assets: try TinyAssets.ready.get())
      .objects()
  }

  @Test("every part of a model, from nothing, at tiny size")
  func tinyModels() throws {
    let parts = ["clip", "unet", "vae", "step"]

    let rows = try rows(parts.flatMap { ["--part", $0] } + ["--size", "tiny"])

    #expect(
      rows.map { $0["name"] as? String } == [
        "CLIP forward", "CLIP forward + backward", "UNet forward", "UNet forward + backward to the context",
        "VAE encode 64×64", "DIVA step",
      ])
    for row in rows {
      #expect((row["seconds"] as? Double ?? 0) > 0 && (row["flops"] as? Double ?? 0) > 0, "\(row)")
      #expect((row["fractionOfPeak"] as? Double ?? 0) > 0 && (row["peakGflops"] as? Double ?? 0) > 0, "\(row)")
      #expect((row["peakMemoryBytes"] as? Int ?? 0) > 1_000_000 && row["threads"] as? Int == 1, "\(row)")
      #expect(row["precision"] as? String == "f32" && row["size"] as? String == "tiny" && row["peer"] == nil)
    }
  }

  @Test("the embedded models, with images as they come and at hand")
  func givenModels() throws {
    let rows = try rows(["clip", "unet", "vae", "step", "mini"].flatMap { ["--part", $0] } + ["--batch", "2"])

    #expect(rows.map { $0["batch"] as? Int } == Array(repeating: 2, count: 7))
    #expect(rows.last?["name"] as? String == "mini step, batch 2")
  }

  @Test("the mini step takes no new memory once it has run")
  func noNewMemory() throws {
    let row = try #require(try rows(["--part", "mini", "--batch", "3"]).first)

    #expect(row["poolMisses"] as? Int == 0 && (row["processorShare"] as? Double ?? 0) > 0)
  }

  @Test("single ops, in the shapes of the models")
  func ops() throws {
    let worker = BenchWorker(
      BenchSubject(density: .reference, tuned: nil, seed: 1, note: { _ in }) { throw Problem("no models are needed") })
    for (part, index) in [("gemm", 5), ("conv", 15), ("attention", 8), ("norms", 2), ("ops", 7)] {
      for gradients in [false, true] {
        var plan = BenchPlan(try #require(BenchPlan.Part(rawValue: part)), threads: 1)
        (plan.op, plan.hasGradients) = (index, gradients)

        let facts = try worker.answer(["prepare": plan.request])
        let sample = try worker.answer(["sample": 0])

        #expect(facts["name"]?.text?.hasSuffix(" + gradients") == gradients)
        #expect(facts["description"]?["kind"] == "op" && sample["seconds"]?.double ?? 0 > 0)
      }
    }
  }

  @Test("a profile says which kinds of op and which layers take the time")
  func profile() throws {
    let report = try #require(try rows(["--part", "step", "--size", "tiny", "--profile"]).first)

    func names(_ member: String) -> Set<String> {
      Set((report[member] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String })
    }
    #expect(names("kinds").isSuperset(of: ["linear", "convolution", "attention", "norm", "activation", "elementwise"]))
    #expect(
      names("layers").isSuperset(of: [
        "vision_model.encoder.layers.1", "down_blocks.0.attentions.1", "mid_block.resnets.0", "up_blocks.1.resnets.2",
        "conv_in", "time_embedding.linear_2",
      ]), "\(names("layers").sorted())")
    let told = try diva(
      ["bench", "--part", "unet", "--size", "tiny", "--profile", "--threads", "1"], assets: TinyAssets.path)
    #expect(told.output.contains("by kind of op") && told.output.contains("down_blocks.0.resnets.0"))
  }

  @Test("step says where its time goes too")
  func profileOfAStep() throws {
    let told = try #require(
      try diva(["step", "--profile", "--json", "--threads", "1"], assets: try TinyAssets.ready.get()).objects().first)

    let profile = try #require(told["profile"] as? [String: Any])
    #expect(profile["seconds"] as? Double ?? 0 > 0 && (profile["layers"] as? [Any] ?? []).count > 10)
  }

  @Test("the table has both precisions, one thread and all, and what the issue asks for")
  func table() {
    let plans = BenchPlan.table(cores: 4)

    #expect(Set(plans.map(\.threads)) == [1, 4])
    for part in [BenchPlan.Part.step, .unet, .clip, .vae] {
      #expect(Set(plans.filter { $0.part == part }.map(\.precision)) == [.f32, .bf16])
    }
    #expect(Set(plans.filter { $0.part == .mini }.map(\.batch)) == [32, 1])
    #expect(BenchPlan.table(cores: 1).allSatisfy { $0.threads == 1 })
  }

  @Test("full size is ViT-L/14 with Stable Diffusion 2.1: as many weights and operations as published")
  func fullSize() throws {
    let sizes = try #require(ModelSizes(.full))
    let unet = try UNet2DConditionModel(sizes.unet, from: .outline())
    let vision = try CLIPVisionTower(sizes.vision, projectionWidth: sizes.projectionWidth, from: .outline())
    let autoencoder = try AutoencoderKL(sizes.autoencoder, from: .outline())

    #expect(unet.parameters.reduce(0) { $0 + $1.shape.count } == 865_910_724)
    #expect(vision.parameters.reduce(0) { $0 + $1.shape.count } == 303_966_208)
    #expect(autoencoder.parameters.reduce(0) { $0 + $1.shape.count } == 83_653_863)
    // Measured with PyTorch's operation counter: 804, 867 and 162 GFLOP, and 1117 for the autoencoder.
    #expect(abs(unet.operations(images: 1, side: 64, contextTokens: 77) / 1e9 - 804) < 3)
    #expect(abs(unet.contextGradientOperations(images: 1, side: 64, contextTokens: 77) / 1e9 - 867) < 5)
    #expect(abs(vision.operations(images: 1) / 1e9 - 162) < 2)
    #expect(abs(autoencoder.encodingOperations(images: 1, side: 512) / 1e9 - 1117) < 5)
  }

  @Test("alone where there is no PyTorch, and says why in one line", arguments: ["/nowhere/python", "false"])
  func withoutPeer(python: String) throws {
    let ran = try diva(
      ["bench", "--json", "--repeat", "1", "--threads", "1", "--part", "vae", "--size", "tiny", "--python", python],
      assets: try TinyAssets.ready.get())

    let rows = try ran.objects()
    #expect(rows.count == 1 && (rows[0]["seconds"] as? Double ?? 0) > 0 && rows[0]["peer"] == nil)
    let lines = ran.log.split(separator: "\n")
    #expect(lines.count == 1 && lines[0].hasPrefix("diva-tui: no comparison with PyTorch: "), "\(lines)")
    #expect(lines[0].contains(python == "false" ? "has ended" : "there is no program /nowhere/python"))
  }
}
