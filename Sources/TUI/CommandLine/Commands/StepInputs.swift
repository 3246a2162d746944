import Engine
import Recap

/// A step's inputs: from the file where it has them, drawn or computed otherwise.
struct StepInputs {
  let inputs: DivaObjective.Inputs
  /// (1, tokens, context width)
  let promptEmbedding: Tensor
  private let file: StepFile?

  init(_ command: StepCommand, _ workspace: Workspace) throws {
    file = try command.from.map { try StepFile($0) }
    let pictures = try StepInputs.pictures(command, workspace, count: file?.images)
    let vision = workspace.clip.vision.config
    let pixels: Shape = [pictures.count, vision.imageSize, vision.imageSize, vision.channels]
    let made = StepInputs.made(of: pictures, command.colors, workspace)
    promptEmbedding = try file?.prompt(width: workspace.prompt.shape[2]) ?? workspace.prompt
    var inputs = DivaObjective.Inputs(
      clipPixels: try file?.images("clip_pixels", pixels) ?? made.clipPixels(),
      latents: try file?.latents(images: pictures.count, workspace.diffusion.denoiser) ?? made.latents(),
      DivaObjective.Sampling(
        seed: command.general.seed, density: command.models.density.density(for: workspace.backbone),
        draws: command.draws, timesteps: try StepInputs.range(command, workspace.diffusion.schedule.timesteps)),
      patches: vision.patches, step: 0)
    inputs.draw = try file?.draw(inputs.latents.shape, limit: workspace.diffusion.schedule.timesteps) ?? inputs.draw
    inputs.patches = try file?.patches(images: pictures.count, of: vision.patches) ?? inputs.patches
    self.inputs = inputs
  }

  /// A dump also holds the projection, so that it repeats a step of a tuned CLIP whose projection is not at hand.
  func takeProjection(into models: DivaModels) throws {
    for (key, parameter) in models.projectionByKey {
      if let tensor = try file?.tensor(key, parameter.shape) { parameter.assign(tensor) }
    }
  }

  /// What is computed from pictures where the file has it not: as CLIP is evaluated, or as it is trained.
  private static func made(
    of pictures: [Image], _ colors: TrainingPixels.Mapping?, _ workspace: Workspace
  ) -> (clipPixels: () -> Tensor, latents: () -> Tensor) {
    let preprocessing = workspace.preprocessing
    guard let colors else { return ({ preprocessing.pixels(pictures) }, { workspace.latents(pictures) }) }
    let training = TrainingPixels(clipSide: preprocessing.side, colors: preprocessing.colors, mapping: colors)
    let squares = pictures.map(workspace.diffusion.square)
    return (
      { training.clipPixels(squares) },
      { workspace.diffusion.autoencoder.scaledLatents(of: training.autoencoderPixels(squares)) }
    )
  }

  /// Where the file has pixels and latents, no images are needed: any do, as many as it has.
  private static func pictures(_ command: StepCommand, _ workspace: Workspace, count: Int?) throws -> [Image] {
    let pictures = try command.images.load(workspace).map(\.image)
    guard let count else { return pictures }
    guard command.images.images.isEmpty || pictures.count == count else {
      throw Problem(
        "there are \(pictures.count) images for a file of \(count)", advice: "give as many images, or none")
    }
    return (0..<count).map { pictures[$0 % pictures.count] }
  }

  private static func range(_ command: StepCommand, _ steps: Int) throws -> Range<Int> {
    guard let range = command.timestepRange?.range else { return 0..<steps }
    guard range.upperBound <= steps else {
      throw Problem(
        "there are no timesteps up to \(range.upperBound)", advice: "this diffusion model has \(steps), from 0 on")
    }
    return range
  }
}

/// Inputs of a step in a safetensors file, checked as they are read.
private struct StepFile {
  let file: SafetensorsFile

  private static let inputs = [
    "clip_pixels", "latent", "noise", "timesteps", "token_indices", "prompt_embedding", "visual_proj.weight",
    "visual_proj.bias",
  ]

  /// Throws a `Problem` for a file that has nothing to take: the step would look as if it were from it.
  init(_ path: String) throws {
    file = try SafetensorsFile(path)
    guard Self.inputs.contains(where: { file.description(of: $0) != nil }) else {
      throw Problem(
        "cannot use \(path): it holds none of a step's inputs",
        advice: "expected some of \(Self.inputs.joined(separator: ", ")), as step --dump writes them")
    }
  }

  /// How many images the file is about; nil when it has neither pixels nor latents.
  var images: Int? {
    ["clip_pixels", "latent"].compactMap { file.description(of: $0)?.dims }
      .first { $0.count == 4 && !$0.contains(0) }?.first
  }

  func tensor(_ name: String, _ shape: Shape) throws -> Tensor? {
    guard let tensor = try file.tensor(named: name) else { return nil }
    guard tensor.shape == shape else { throw misfit(name, "\(tensor.shape)", "\(shape)") }
    return tensor
  }

  /// NCHW in the file, NHWC here; `shape` is NHWC.
  func images(_ name: String, _ shape: Shape) throws -> Tensor? {
    try tensor(name, [shape[0], shape[3], shape[1], shape[2]])?.nhwcFromNCHW
  }

  /// Latents of any size that the denoiser takes.
  func latents(images count: Int, _ denoiser: any Denoiser) throws -> Tensor? {
    guard let dims = file.description(of: "latent")?.dims else { return nil }
    let scale = denoiser.granularity
    guard dims.count == 4, dims[2...].allSatisfy({ $0 > 0 && $0 % scale == 0 }) else {
      throw misfit("latent", "\(dims)", "(\(count), \(denoiser.channels), height, width), multiples of \(scale)")
    }
    return try images("latent", [count, dims[2], dims[3], denoiser.channels])
  }

  /// Noise and timesteps belong together.
  func draw(_ latents: Shape, limit: Int) throws -> NoiseDraw? {
    guard let noise = try file.tensor(named: "noise"), let timesteps = try file.integers(named: "timesteps") else {
      guard file.description(of: "noise") == nil, file.description(of: "timesteps") == nil else {
        throw Problem(
          "cannot use \(file.name): it has only one of noise and timesteps", advice: "give both or neither")
      }
      return nil
    }
    let wanted: Shape = [noise.shape.dims.first ?? 0, latents[3], latents[1], latents[2]]
    guard noise.shape == wanted, wanted[0] > 0, wanted[0] % latents[0] == 0, timesteps.count == wanted[0] else {
      throw misfit(
        "noise", "\(noise.shape) with \(timesteps.count) timesteps",
        "\([latents[0], latents[3], latents[1], latents[2]] as Shape) or a multiple of it, one timestep a row")
    }
    guard timesteps.allSatisfy({ (0..<Int64(limit)).contains($0) }) else {
      throw misfit("timesteps", "\(timesteps.min() ?? 0) to \(timesteps.max() ?? 0)", "0 up to \(limit)")
    }
    return NoiseDraw(noise: noise.nhwcFromNCHW, timesteps: timesteps.map(Int.init))
  }

  /// (B, N) patch numbers; N may be 0.
  func patches(images: Int, of patches: Int) throws -> [[Int]]? {
    guard let numbers = try file.integers(named: "token_indices"),
      let dims = file.description(of: "token_indices")?.dims
    else { return nil }
    guard dims.count == 2, dims[0] == images, numbers.allSatisfy({ (0..<Int64(patches)).contains($0) }) else {
      throw misfit("token_indices", "\(dims)", "(\(images), any number) of patches 0 up to \(patches)")
    }
    return (0..<images).map { row in (0..<dims[1]).map { Int(numbers[row * dims[1] + $0]) } }
  }

  func prompt(width: Int) throws -> Tensor? {
    guard let tensor = try file.tensor(named: "prompt_embedding") else { return nil }
    guard tensor.shape.rank == 3, tensor.shape[0] == 1, tensor.shape[1] > 0, tensor.shape[2] == width else {
      throw misfit("prompt_embedding", "\(tensor.shape)", "(1, tokens, \(width))")
    }
    return tensor
  }

  private func misfit(_ name: String, _ found: String, _ wanted: String) -> Problem {
    Problem("cannot use \(file.name): \(name) is \(found)", advice: "expected \(wanted)")
  }
}
