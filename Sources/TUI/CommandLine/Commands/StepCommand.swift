import ArgumentParser
import Bench
import Engine
import Recap

/// `diva-tui step`: one step of the loop in the open, for comparing with other implementations.
struct StepCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Compute one DIVA step and show its inputs, outputs and gradients.",
    discussion: "The weights stay as they are. Images and latents in files are NCHW; noise and timesteps repeat the "
      + "batch for each draw.")

  @OptionGroup var images: ImageOptions
  @Option(help: "The safetensors file to write: inputs, outputs and every gradient.") var dump: String?
  @Option(help: "A safetensors file with inputs to take instead of drawing or computing them.") var from: String?
  @Flag(help: "Also dump the decoded latent: decoded. Slow at 512 pixels.") var decoded = false
  @Option(
    help: ArgumentHelp(
      "Preprocess as in training: reference or exact.",
      discussion: "On the center crop, as train --crop center. (default: as in evaluation)"))
  var colors: TrainingPixels.Mapping?
  @Flag(help: "Also profile the step: time by layer and by kind of op.") var profile = false
  @Option(name: .draws, help: "Noise draws per image.") var draws = TrainConfiguration().draws
  @Option(help: TimestepRange.help(nil), transform: TimestepRange.init)
  var timestepRange: TimestepRange?
  @OptionGroup var models: ModelOptions
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { dump != nil }

  struct Result: Encodable {
    let loss: Float
    let gradNorm: Float
    let contextGradNorm: Double
    let seconds: [String: Double]
    let tensors: [String: TensorDump.Fact]
    /// What the CLIP was taken for.
    let model: ModelReading
    let file: String?
    let profile: ProfileReport?
  }

  func validate() throws { try require("draws", draws, 1...1000) }

  func work(_ console: Console) throws {
    try dump.map(DurableFile.requirePlace)
    let workspace = try models.workspace(console, prompt: prompt.prompt)
    let density = models.density.density(for: workspace.backbone)
    try workspace.requirePossible(density)
    let given = try StepInputs(self, workspace)
    let inputs = given.inputs
    let diva = try workspace.models(tuned: models.tuned, seed: general.seed)
    try given.takeProjection(into: diva)
    StepMemory(
      tower: diva.tuned, denoiser: diva.diffusion.denoiser, images: inputs.latents.shape[0], draws: draws,
      contextTokens: density.tokenCount(patches: diva.tuned.config.patches), moments: 0
    ).note().map(console.note)
    let step = DivaStep(models: diva, promptEmbedding: given.promptEmbedding)
    let outputs = step.run(inputs)
    // The first run has prepared kernels and memory, which is no part of a profile.
    let report = profile ? ProfileReport(of: { _ = step.run(inputs) }) : nil
    var tensors = TensorDump()
    add(inputs, to: &tensors)
    tensors.add("prompt_embedding", given.promptEmbedding)
    for (key, parameter) in diva.projectionByKey { tensors.add(key, parameter.value.detached()) }
    add(outputs, workspace.layout, to: &tensors)
    if decoded { tensors.add("decoded", diva.decoded(inputs.latents).nchwFromNHWC) }
    if let dump { try tensors.write(to: dump) }
    let result = Result(
      loss: outputs.loss, gradNorm: outputs.gradNorm, contextGradNorm: outputs.contextGradient.norm,
      seconds: Dictionary(outputs.seconds.map { ($0.part, $0.seconds) }, uniquingKeysWith: +),
      tensors: tensors.byName, model: workspace.opened.reading, file: dump, profile: report)
    let times = outputs.seconds.map { "\($0.part) \($0.seconds.durationText)" }.joined(separator: ", ")
    let text = tensors.table + "\n\nloss \(outputs.loss), gradient norm \(outputs.gradNorm)\n" + times
    try show(result, text + (report.map { "\n\n" + $0.text } ?? ""), console)
  }

  private func add(_ inputs: DivaObjective.Inputs, to dump: inout TensorDump) {
    dump.add("clip_pixels", inputs.clipPixels.nchwFromNHWC)
    dump.add("latent", inputs.latents.nchwFromNHWC)
    dump.add("noise", inputs.draw.noise.nchwFromNHWC)
    dump.add("timesteps", integers: inputs.draw.timesteps, dims: [inputs.draw.timesteps.count])
    if let patches = inputs.patches {
      dump.add("token_indices", integers: patches.flatMap { $0 }, dims: [patches.count, patches.first?.count ?? 0])
    }
  }

  private func add(_ outputs: DivaStep.Outputs, _ layout: KeyLayout, to dump: inout TensorDump) {
    dump.add("context", outputs.context)
    dump.add("noise_prediction", outputs.noisePrediction.nchwFromNHWC)
    dump.add("loss", Tensor(scalar: outputs.loss))
    dump.add("grad.context", outputs.contextGradient)
    for (key, gradient) in layout.stored(outputs.towerGradients) + outputs.projectionGradients {
      dump.add("grad." + key, gradient)
    }
  }
}
