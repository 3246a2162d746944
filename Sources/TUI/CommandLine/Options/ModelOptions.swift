import ArgumentParser
import Engine
import Recap

/// Which models a command works with.
struct ModelOptions: ParsableArguments {
  @Option(help: "CLIP or SigLIP: a file or folder in any supported layout. (default: the embedded one)")
  var clip: String?

  @Option(help: "A tuned CLIP to compare with --clip's: a file or folder, a checkpoint or a run.")
  var tuned: String?

  @Option(
    help:
      "Diffusion model: a folder in diffusers' layout, or a single file. DiT takes the tokens' mean in place of a class: our reading of the paper. (default: the embedded one)"
  )
  var diffusion: String?

  @Option(help: "Preset of the CLIP. (default: detected from its weights)")
  var backbone: Backbone.Name?

  @Option(
    help: "Image tokens that condition the UNet: class, all, 0.3, count:76, pool:6, paper or reference (the default).",
    transform: DensityChoice.init(parsing:))
  var density = DensityChoice.reference

  /// Says what a CLIP that was given is taken for.
  ///
  /// - Parameter prompt: replaces the reference's.
  func workspace(_ console: Console, prompt: String? = nil) throws -> Workspace {
    let workspace = try Workspace(
      mini: Assets.mini(environment: console.environment), clip: clip, backbone: backbone, diffusion: diffusion,
      prompt: prompt)
    if clip != nil { console.note(workspace.opened.reading.text) }
    workspace.diffusionNote.map { console.note("\(diffusion ?? ""): \($0)") }
    return workspace
  }

  /// Nothing was chosen.
  var isEmpty: Bool {
    clip == nil && tuned == nil && diffusion == nil && backbone == nil && density == .reference
  }
}

extension Backbone.Name: ExpressibleByArgument {}
