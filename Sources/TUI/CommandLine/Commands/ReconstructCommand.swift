import ArgumentParser
import Engine
import Foundation
import Recap
import Terminal

/// `diva-tui reconstruct`: reconstructions conditioned on the features of both CLIPs.
struct ReconstructCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconstruct", abstract: "Reconstruct noised images, conditioned on CLIP's features.",
    discussion:
      "Writes four pictures per image: original, noised, and reconstructed with the baseline and with the tuned CLIP.")

  enum Sampler: String, CaseIterable, ExpressibleByArgument { case ddim }

  @OptionGroup var images: ImageOptions
  @Option(help: "Noise level to start from, more than 0 and at most 1.") var strength = 0.7
  @Option(help: "Sampler.") var sampler: Sampler = .ddim
  @Option(help: "Sampler steps at most.") var samplerSteps = 12
  @Option(help: "Noise draws per image.") var samples = 1
  @Option(help: "A folder for the PNG files.") var out: String?
  @OptionGroup var models: ModelOptions
  @OptionGroup var prompt: PromptOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { out != nil }

  /// Mean squared errors of one rebuilding, as `--json` prints them: a line each.
  struct Line: Encodable {
    struct Errors: Encodable {
      /// Of pixels in 0…1, and of scaled latents.
      let pixelError: Double
      let latentError: Double

      init(_ rebuilt: Reconstructor.Rebuilt) {
        (pixelError, latentError) = (rebuilt.pixelError, rebuilt.latentError)
      }
    }

    let image: String
    let sample: Int
    let timestep: Int
    let baseline: Errors
    let tuned: Errors
    let files: [String]
  }

  func validate() throws {
    guard strength > 0, strength <= 1 else {
      throw ValidationError("--strength: \(strength) is out of bounds; expected more than 0, at most 1.")
    }
    try require("samples", samples, 1...10_000)
    try require("sampler-steps", samplerSteps, 1...1000)
  }

  func work(_ console: Console) throws {
    // Before anything is rebuilt, which takes minutes with large models: it would be for nothing.
    if let out { try FileManager.default.makeFolder(out) }
    let workspace = try models.workspace(console, prompt: prompt.prompt)
    let density = models.density.density(for: workspace.backbone)
    try workspace.requirePossible(density)
    var reconstructor = Reconstructor(
      models: try workspace.models(tuned: models.tuned), preprocessing: workspace.preprocessing)
    reconstructor.steps = samplerSteps
    let timesteps = workspace.diffusion.schedule.timesteps
    let timestep = min(timesteps - 1, max(1, Int((strength * Double(timesteps)).rounded())))
    var rows = [["image", "sample", "pixels: baseline", "tuned", "latents: baseline", "tuned"]]
    for (number, picture) in try images.load(workspace).enumerated() {
      for sample in 0..<samples {
        let result = reconstructor.rebuild(
          picture.image, timestep: timestep, density: density, seed: general.seed, sample: number * samples + sample)
        let line = Line(
          image: picture.url.path, sample: sample, timestep: timestep, baseline: .init(result.baseline),
          tuned: .init(result.tuned), files: try write(result, name(picture.url, number, sample)))
        if general.json { try console.json(line) }
        rows.append(row(line))
      }
    }
    if !general.json { try console.print(TextTable.text(rows)) }
  }

  private func row(_ line: Line) -> [String] {
    let errors = [
      line.baseline.pixelError, line.tuned.pixelError, line.baseline.latentError, line.tuned.latentError,
    ]
    return [URL(filePath: line.image).lastPathComponent, "\(line.sample)"] + errors.map { $0.text(decimals: 4) }
  }

  /// Numbered, as two images of different folders may have one name.
  private func name(_ url: URL, _ number: Int, _ sample: Int) -> String {
    "\(number + 1)-\(url.deletingPathExtension().lastPathComponent)" + (samples > 1 ? "-\(sample + 1)" : "")
  }

  private func write(_ result: Reconstructor.Result, _ name: String) throws -> [String] {
    guard let out else { return [] }
    let pictures = [
      ("original", result.original), ("noised", result.noised), ("baseline", result.baseline.image),
      ("tuned", result.tuned.image),
    ]
    return try pictures.map { kind, image in
      let file = URL(filePath: out).appending(path: "\(name)-\(kind).png")
      try image.writePNG(to: file)
      return file.path
    }
  }
}
