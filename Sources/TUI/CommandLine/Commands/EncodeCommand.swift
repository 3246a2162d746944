import ArgumentParser
import Engine
import Recap

/// `diva-tui encode`: features of images and texts, as the model's own library returns them.
struct EncodeCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode", abstract: "Encode images and texts into CLIP features.",
    discussion: "Features are not normalised. Images in the file are NCHW.")

  @OptionGroup var images: ImageOptions
  @Option(parsing: .upToNextOption, help: "Texts to encode; those that begin with a dash behind --, at the end.")
  var texts: [String] = []
  @Option(help: "The safetensors file to write.") var out: String?
  @Flag(help: "Also write every image token: image_tokens.") var tokens = false
  @Flag(help: "Also write the preprocessed input: pixels.") var pixels = false
  @OptionGroup var models: ModelOptions
  @OptionGroup var general: GeneralOptions

  var writesFiles: Bool { out != nil }
  @Argument(parsing: .postTerminator, help: ArgumentHelp("Texts behind --.", visibility: .hidden))
  var dashedTexts: [String] = []

  /// What `--json` prints.
  struct Result: Encodable {
    let tensors: [String: TensorDump.Fact]
    /// L2 norm of each image's and each text's feature.
    let norms: [String: [Double]]
    /// What the CLIP was taken for.
    let model: ModelReading
    let file: String?
  }

  func work(_ console: Console) throws {
    try out.map(DurableFile.requirePlace)
    let texts = texts + dashedTexts
    let workspace = try models.workspace(console)
    var dump = TensorDump()
    var norms: [String: [Double]] = [:]
    func add(feature name: String, _ tensor: Tensor) {
      dump.add(name, tensor)
      norms[name] = (0..<tensor.shape[0]).map { tensor.sliced($0..<$0 + 1).norm }
    }
    if !images.images.isEmpty || texts.isEmpty {
      let pictures = try images.load(workspace).map(\.image)
      if pixels { dump.add("pixels", workspace.preprocessing.pixels(pictures).nchwFromNHWC) }
      let tuned = try models.tuned.map { ("tuned_", try workspace.tower(at: $0)) }
      for (prefix, vision) in [("", workspace.clip.vision), tuned].compactMap(\.self) {
        let features = vision.classTokens(of: pictures, preprocessing: workspace.preprocessing)
        add(feature: prefix + "image_features", features)
        if tokens { dump.add(prefix + "image_tokens", allTokens(pictures, vision, workspace)) }
      }
    }
    if !texts.isEmpty {
      let tokenizer = try workspace.tokenizer()
      let ids = texts.map { tokenizer.tokens($0) }
      add(feature: "text_features", withoutGradient { workspace.clip.text.textFeatures(ids) })
    }
    if let out { try dump.write(to: out) }
    let result = Result(tensors: dump.byName, norms: norms, model: workspace.opened.reading, file: out)
    try show(result, dump.table, console)
  }

  private func allTokens(_ pictures: [Image], _ vision: CLIPVisionTower, _ workspace: Workspace) -> Tensor {
    withoutGradient {
      .stacked(
        stride(from: 0, to: pictures.count, by: 64).map { start in
          let part = Array(pictures[start..<min(pictures.count, start + 64)])
          return vision.imageTokens(vision(workspace.preprocessing.pixels(part)))
        })
    }
  }
}
