import Engine
import Foundation

/// The layouts in which others open a CLIP.
public enum ExportFormat: String, CaseIterable, Sendable {
  /// A folder for transformers' `CLIPModel` or `SiglipModel`.
  case huggingFace = "hf"
  /// A folder for open_clip: `create_model_from_pretrained("local-dir:FOLDER")`.
  case openCLIP = "openclip"
  /// A state dict under OpenAI's names, for `clip.load`.
  case openAI = "openai"
  /// A flat state dict as DIVA's authors publish their tuned CLIPs.
  case diva
}

extension Workspace {
  /// Writes the CLIP with another image tower, F32, into a folder that is new or empty. Returns the files.
  ///
  /// Throws a `Problem` rather than write into a folder that holds something, or what the format's library would take
  /// for another model.
  public func export(_ vision: CLIPVisionTower, as format: ExportFormat, to path: String) throws -> [String] {
    try FileManager.default.export(to: path) {
      let tuned = try clip.replacingVision(with: vision)
      switch format {
      case .huggingFace: try exportHuggingFace(tuned, to: WeightsFolder(path))
      case .openCLIP: try exportOpenCLIP(tuned, to: WeightsFolder(path))
      case .openAI:
        try tuned.config.requireOpenAI()
        try exportStateDict(tuned, to: path, named: openAIName)
      case .diva: try exportStateDict(tuned, to: path, named: divaName)
      }
    }
  }

  private func exportHuggingFace(_ tuned: CLIP, to folder: WeightsFolder) throws {
    guard !tuned.config.vision.isEVA else {
      throw Problem("transformers has no model like this one: it is an EVA-CLIP", advice: "use --format openclip")
    }
    try tuned.save(to: folder)
    try preprocessing.write(to: folder)
    try copyTokenizer(to: folder)
  }

  private func exportOpenCLIP(_ tuned: CLIP, to folder: WeightsFolder) throws {
    // With no more digits than it takes to be read back.
    func numbers(_ values: [Float]) -> JSON { .array(values.map { .number(Double("\($0)") ?? Double($0)) }) }
    let config: JSON = [
      "model_cfg": try tuned.config.openCLIP(),
      "preprocess_cfg": [
        "mean": numbers(preprocessing.mean), "std": numbers(preprocessing.deviation), "interpolation": "bicubic",
        "resize_mode": preprocessing.fit == .crop ? "shortest" : "squash",
      ],
    ]
    try folder.write(
      config, named: "open_clip_config.json", parameters: tuned.parameters, layout: tuned.flatLayout,
      weightsName: "open_clip_model.safetensors")
    try copyTokenizer(to: folder)
  }

  private func exportStateDict(_ tuned: CLIP, to path: String, named name: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let tensors = tuned.flatLayout.stored(tuned.parameters.map { ($0.name, $0.value.detached()) })
    try PyTorchWriter(tensors).write(to: path + "/" + name)
  }

  /// The tokenizer's files from where they were found; none where there is no tokenizer.
  private func copyTokenizer(to folder: WeightsFolder) throws {
    guard let place = opened.tokenizerSearch.place else { return }
    try TokenizerFiles.copy(
      near: place.folder, to: folder, contextLength: clip.config.text.contextLength,
      // Special tokens are set as the library of the weights has them.
      keepsSettings: clip.config.family == .siglip || (opened.isTransformers && !place.isBorrowed))
  }

  /// As OpenAI's own files are called.
  private var openAIName: String {
    switch backbone.name {
    case .openAIL14: "ViT-L-14.pt"
    case .openAIL14At336: "ViT-L-14-336px.pt"
    case .openAIB32: "ViT-B-32.pt"
    case .openAIB16: "ViT-B-16.pt"
    default: "model.pt"
    }
  }

  /// As DIVA's published files are called.
  private var divaName: String {
    switch backbone.name {
    case .openAIL14: "OpenAI-ViT-L-14-224.pth"
    case .openAIL14At336: "OpenAI-ViT-L-14-336.pth"
    case .metaL14: "MetaCLIP-ViT-L-14.pth"
    case .metaH14: "MetaCLIP-ViT-H-14.pth"
    case .siglip224: "SigLIP-ViT-SO-14-224.pth"
    case .siglip384: "SigLIP-ViT-SO-14-384.pth"
    case .dfnH14: "DFN-ViT-H-14-224.pth"
    case .dfnH14At378: "DFN-ViT-H-14-378.pth"
    default: "CLIP.pth"
    }
  }
}

extension FileManager {
  /// Lets `write` fill a folder that is new or empty. Returns the files.
  func export(to path: String, _ write: () throws -> Void) throws -> [String] {
    guard (try? contentsOfDirectory(atPath: path))?.isEmpty ?? !fileExists(atPath: path) else {
      throw Problem("cannot export to \(path): it is not empty", advice: "give a new folder with --out")
    }
    do {
      try write()
      return try contentsOfDirectory(atPath: path).sorted().map { path + "/" + $0 }
    } catch let error where !(error is Problem) {
      throw Problem("cannot export to \(path): \(error.systemReason)", advice: "check that the disk has room")
    }
  }
}

extension CLIP {
  /// The names that OpenAI, open_clip and DIVA use.
  fileprivate var flatLayout: KeyLayout {
    config.vision.isEVA ? .timmEVA : config.family == .siglip ? .timm : .openCLIP
  }
}
