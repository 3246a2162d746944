import ArgumentParser
import Engine
import Foundation
import Recap

/// Which models a command works with.
struct ModelOptions: ParsableArguments {
  @Option(help: "A file or folder with a CLIP or SigLIP, in any layout. (default: the embedded one)")
  var clip: String?

  @Option(help: "A tuned CLIP, shown and scored beside the first: a file or folder, a checkpoint or a run.")
  var tuned: String?

  @Option(help: "A folder with a diffusion model in diffusers' layout. (default: the embedded one)")
  var diffusion: String?

  @Option(help: "Which preset the CLIP belongs to. (default: told by its contents)")
  var backbone: Backbone.Name?

  @Option(
    help: "What the diffusion model is told of an image: class, all, 0.3, count:76, pool:6, reference or paper.",
    transform: DensityChoice.init(parsing:))
  var density = DensityChoice.reference

  /// - Parameter prompt: words in the place of the reference's.
  func workspace(_ console: Console, prompt: String? = nil) throws -> Workspace {
    try Workspace(
      mini: Assets.mini(environment: console.environment), clip: clip, backbone: backbone, diffusion: diffusion,
      prompt: prompt)
  }

  /// Nothing was chosen.
  var isEmpty: Bool {
    clip == nil && tuned == nil && diffusion == nil && backbone == nil && density == .reference
  }

  var usesEmbedded: Bool { clip == nil || diffusion == nil }
}

extension Backbone.Name: ExpressibleByArgument {}
