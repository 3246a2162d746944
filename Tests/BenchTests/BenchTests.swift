import Engine
import Testing

@testable import Bench
@testable import Recap

@Suite("The benchmark plans and measures")
struct BenchTests {
  @Test("single ops, in the shapes of the models")
  func ops() throws {
    let worker = BenchWorker(
      BenchSubject(density: .reference, tuned: nil, seed: 1, note: { _ in }) { throw Problem("no models are needed") })
    for (part, index) in [("gemm", 5), ("conv", 15), ("attention", 8), ("norms", 2), ("ops", 7)] {
      for gradients in [false, true] {
        var plan = BenchPlan(try #require(BenchPlan.Part(rawValue: part)), threads: 1)
        (plan.op, plan.hasGradients) = (index, gradients)

        let facts = try worker.answer(["prepare": JSON(plan)])
        let sample = try worker.answer(["sample": 0])

        #expect(facts["name"]?.text?.hasSuffix(" + gradients") == gradients)
        #expect(facts["description"]?["kind"] == "op" && sample["seconds"]?.double ?? 0 > 0)
      }
    }
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

  @Test("a row meets every library that can compute it, each once, and none twice alone")
  func engines() throws {
    func engines(_ part: BenchPlan.Part, _ size: BenchPlan.Size = .full, gradients: Bool = false, bf16: Bool = false)
      -> [BenchEngine]
    {
      var plan = BenchPlan(part, threads: 1)
      (plan.size, plan.hasGradients, plan.precision) = (size, gradients, bf16 ? .bf16 : .f32)
      let duels = plan.against(BenchEngine.allCases)
      #expect(duels.allSatisfy { $0.hasPeer && $0.plan.isSameWork(as: plan) })
      return duels.map(\.plan.engine)
    }
    for part in [BenchPlan.Part.clip, .unet, .vae] { #expect(engines(part) == BenchEngine.allCases) }
    #expect(engines(.unet, gradients: true) == [.torch, .compile] && engines(.mini, .given) == [.torch, .compile])
    #expect(engines(.clip, bf16: true) == [.torch, .compile, .openvino])
    #expect(engines(.step) == [.torch, .compile] && engines(.step, .given) == [.torch])
    #expect(engines(.conv) == [.torch, .ncnn] && engines(.conv, gradients: true) == [.torch])
    #expect(engines(.gemm) == [.torch])

    var alone = BenchPlan(.step, threads: 1)
    alone.size = .full
    for engines in [[], [BenchEngine.ncnn, .openvino]] {
      let duels = alone.against(engines)
      #expect(duels.count == 1 && duels[0].plan == alone && !duels[0].hasPeer)
    }
  }

  @Test("the peer is asked for the engine by the name of the command line")
  func engineInARequest() throws {
    var plan = BenchPlan(.clip, threads: 1)
    #expect(try JSON(plan)["engine"] == "torch")
    plan.engine = .compile
    #expect(try JSON(plan)["engine"] == "torch.compile")
    #expect(try (JSON(plan).decoded() as BenchPlan) == plan)
  }

  @Test("what a peer has, and what one has that knows of PyTorch alone")
  func hello() {
    let both: JSON = ["torch": "2.15.0", "engines": ["torch": "2.15.0", "ncnn": "1.0", "another": "3"]]
    #expect(BenchCommands.versions(both) == [.torch: "2.15.0", .ncnn: "1.0"])
    #expect(BenchCommands.versions(["torch": "2.15.0"]) == [.torch: "2.15.0"])
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
}
