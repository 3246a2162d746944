import Foundation
import Testing

@testable import diva_tui
@testable import Engine
@testable import Recap

/// The real program in a real terminal, with weights in the layout that OpenAI publishes.
@Suite("A visit with one's own models", .serialized, .enabled(if: Tmux.isInstalled, "tmux is not installed"))
struct OwnModelsVisitTests {
  /// The embedded CLIP as OpenAI would have written it, its tokenizer beside it, and a tuned one; gone with the test.
  private final class Files {
    let folder = NSTemporaryDirectory() + "own-models-\(UUID().uuidString)"
    var clip: String { folder + "/ViT-tiny.safetensors" }
    var tuned: String { folder + "/tuned.safetensors" }

    init() throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let mini = try Assets.mini()
      for name in ["vocab.json", "merges.txt", "tokenizer_config.json"] {
        try FileManager.default.copyItem(atPath: "\(mini.clip.path)/\(name)", toPath: "\(folder)/\(name)")
      }
      let model = try OpenedCLIP(mini: mini, clip: nil).clip
      try write(model, to: clip)
      for (number, parameter) in model.vision.parameters.enumerated() {
        let noise = RandomSource(seed: 5, stream: UInt32(number)).normal(parameter.shape, step: 0)
        parameter.assign(parameter.value.detached() + noise.scaled(by: 0.01))
      }
      try write(model, to: tuned)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ model: CLIP, to path: String) throws {
      let tensors = KeyLayout.openCLIP.stored(model.parameters.map { ($0.name, $0.value.detached()) })
      try SafetensorsWriter(tensors.map { .floats($0.key, $0.tensor) }).write(to: path)
    }
  }

  private func command(_ files: Files, _ rest: String) throws -> String {
    "clear; '\(try Tmux.program())' --clip '\(files.clip)' --tuned '\(files.tuned)' --backbone custom \(rest); "
      + "echo \"left with status $?\"\n"
  }

  @Test("answers the pairs, rebuilds a picture, and says what a run costs before it begins")
  func aWholeVisit() throws {
    let (files, mini) = (try Files(), try Assets.mini())
    let terminal = try Tmux(columns: 110, rows: 34)
    defer { terminal.end() }
    terminal.type(
      try command(
        files,
        "--mmvp '\(mini.benchmark.path)' --diffusion '\(mini.diffusion.path)' --align-steps 1 --steps 2 --batch 2"))
    // Who brings pairs sees them first.
    try terminal.wait(for: #"135 pairs +\d+\.\d → \d"#, seconds: 120)
    terminal.type("2")
    try terminal.wait(for: "with the tuned CLIP of step 0", seconds: 120)
    terminal.type("4")
    try terminal.wait(for: "Density: 76 drawn")
    terminal.type("1")
    try terminal.wait(for: "○ ready")
    terminal.type("n")
    try terminal.wait(for: "Estimated cost of this run")
    try terminal.wait(for: "Enter run the first step")
    terminal.type("\r")
    try terminal.wait(for: "Measured: one aligning step", seconds: 60)
    terminal.type("\r")
    try terminal.wait(for: "✓ finished", seconds: 120)
    terminal.type("q")
    try terminal.wait(for: "left with status 0", seconds: 30)

    for folder in ["/.cache/diva-tui/features", "/.local/state/diva-tui/runs"] {
      #expect(try !FileManager.default.contentsOfDirectory(atPath: terminal.home + folder).isEmpty)
    }
  }

  @Test("says which part cannot be opened, and answers the pairs all the same")
  func aMissingFolder() throws {
    let files = try Files()
    let terminal = try Tmux(columns: 110, rows: 34)
    defer { terminal.end() }
    terminal.type(try command(files, "--diffusion '\(files.folder)/nowhere'"))
    try terminal.wait(for: "✗ diffusion", seconds: 60)
    terminal.type("3")
    try terminal.wait(for: #"135 pairs +\d+\.\d → \d"#, seconds: 120)
    terminal.type("q")
    try terminal.wait(for: "left with status 0", seconds: 30)
  }
}
