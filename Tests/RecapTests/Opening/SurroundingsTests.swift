import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// What lies beside weights decides how they are used. Tests/Reference/preprocessing.py wrote the expected pixels, by
/// transformers and open_clip.
extension OpeningTests {
  private static let preprocessing = Result { () throws -> JSON in
    let file = fixtures + "/preprocessing.json"
    return try JSON(parsing: [UInt8](Data(contentsOf: URL(filePath: file))), file: file)
  }

  /// A copy of one of the small models, gone when `body` returns.
  private func withCopy<R>(of model: String, _ body: (WeightsFolder) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appending(path: "surroundings-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.copyItem(atPath: "\(Self.fixtures)/models/\(model)", toPath: path)
    return try body(WeightsFolder(path))
  }

  private func expectPixels(_ case: JSON, of opened: OpenedCLIP, _ pictures: [JSON], _ what: String) throws {
    for (picture, wanted) in zip(pictures, try #require(`case`["pixels"]?.elements)) {
      let image = Image(
        width: try #require(picture["width"]?.integer), height: try #require(picture["height"]?.integer),
        pixels: try #require(picture["bytes"]?.elements).compactMap { $0.integer.map(UInt8.init) })
      let side = opened.preprocessing.side
      let expected = Tensor(
        try #require(wanted.elements).compactMap { $0.double.map(Float.init) }, shape: [1, side, side, 3])
      expect(opened.preprocessing.pixels([image]), equals: expected, within: .relative(1e-6), what)
    }
  }

  @Test("pixels are as transformers and open_clip make them from each file of settings, by folder and by file")
  func settings() throws {
    let fixture = try Self.preprocessing.get()
    let (pictures, cases) = (try #require(fixture["pictures"]?.elements), try #require(fixture["cases"]?.elements))
    #expect(pictures.count == 2 && cases.count == 9)
    for one in cases {
      let name = try #require(one["name"]?.text)
      let isOpenCLIP = one["openCLIP"] != nil
      try withCopy(of: isOpenCLIP ? "open_clip" : "clip") { folder in
        if let settings = one["openCLIP"] {
          let model = try #require(try folder.configuration("open_clip_config.json").json["model_cfg"])
          try folder.write(["model_cfg": model, "preprocess_cfg": settings], named: "open_clip_config.json")
        } else {
          try folder.write(try #require(one["settings"]), named: "preprocessor_config.json")
        }
        let file = folder.path + (isOpenCLIP ? "/open_clip_model.safetensors" : "/model.safetensors")
        for path in [folder.path, file] {
          let opened = try OpenedCLIP(path)
          try expectPixels(one, of: opened, pictures, "\(name), \(path)")
          #expect(
            opened.reading.preprocessing.by == (isOpenCLIP ? "open_clip_config.json" : "preprocessor_config.json"))
        }
        guard !isOpenCLIP else { return }
        // transformers 5 nests the same in another file, which wins.
        try folder.write(["image_processor": try #require(one["settings"])], named: "processor_config.json")
        try folder.write(["size": 12, "crop_size": 12, "image_mean": [9, 9, 9]], named: "preprocessor_config.json")
        try expectPixels(one, of: OpenedCLIP(folder.path), pictures, "\(name), nested")
      }
    }
  }

  @Test(
    "a file is opened with the configuration beside it, as its folder is",
    arguments: [("clip", "model"), ("open_clip", "open_clip_model"), ("siglip", "model")])
  func fileAsFolder(model: String, file: String) throws {
    try withCopy(of: model) { folder in
      let (byFolder, byFile) = (try OpenedCLIP(folder.path), try OpenedCLIP("\(folder.path)/\(file).safetensors"))

      #expect(byFile.clip.config == byFolder.clip.config && byFile.preprocessing == byFolder.preprocessing)
      #expect(byFile.reading.activation == byFolder.reading.activation)
      #expect(byFile.reading.activation.by.hasSuffix("config.json"))
    }
  }

  @Test("the configuration of another model beside a file is passed over, and its preprocessing with it")
  func othersConfiguration() throws {
    try withCopy(of: "open_clip") { folder in
      try FileManager.default.removeItem(atPath: folder.path + "/open_clip_config.json")
      try FileManager.default.copyItem(
        atPath: Self.fixtures + "/models/clip/config.json", toPath: folder.path + "/config.json")
      try folder.write(["size": 12, "crop_size": 12, "image_mean": [9, 9, 9]], named: "preprocessor_config.json")

      let opened = try OpenedCLIP(folder.path + "/open_clip_model.safetensors")

      #expect(opened.clip.config.vision.encoder.activation == .quickGELU && opened.preprocessing.colors == .openAI)
      #expect(opened.reading.activation.by == "assumed: no file says it")
      #expect(opened.reading.preprocessing.by == "assumed: no file says it")
    }
  }

  @Test("colours that lie beside weights of a preset's shape win over the preset's")
  func presetColors() throws {
    try withCopy(of: "clip") { folder in
      let (files, path) = (FileManager.default, folder.path + "/published")
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
      let preset = try #require(Backbone(.openAIB32).config)
      try writeHollowSafetensors(
        KeyLayout.transformers.outline(CLIP(preset, from: .outline()).parameters), to: path + "/model.safetensors")
      for given in [path, path + "/model.safetensors"] {
        let bare = try OpenedCLIP(given)
        #expect(bare.backbone.name == .openAIB32 && bare.preprocessing.colors == .openAI)
        #expect(bare.clip.config.vision.encoder.activation == .quickGELU)
        #expect(bare.reading.activation.by == "assumed by the preset: no file says it")
      }
      var config = preset
      config.vision.encoder.activation = .gelu
      config.text.encoder.activation = .gelu
      try WeightsFolder(path).write(config.json, named: "config.json")
      try Preprocessing(side: 224, colors: .half).write(to: WeightsFolder(path))

      for given in [path, path + "/model.safetensors"] {
        for name in [nil, Backbone.Name.openAIB32, .custom] {
          let opened = try OpenedCLIP(given, as: name)
          #expect(opened.backbone.name == name ?? .openAIB32)
          #expect(opened.preprocessing.colors == .half && opened.preprocessing.roundsCropDown)
          #expect(opened.clip.config.vision.encoder.activation == .gelu)
          #expect(opened.reading.backbone.by == (name == nil ? "its sizes" : "--backbone"))
        }
      }
    }
  }

  @Test("the file's name and its folder's may tell the maker, the file's first; the path above counts for nothing")
  func names() throws {
    try withCopy(of: "clip") { folder in
      let files = FileManager.default
      let entry = folder.path + "/models--apple--DFN5B/snapshots/0123"
      try files.createDirectory(atPath: entry, withIntermediateDirectories: true)
      try files.copyItem(atPath: folder.path + "/model.safetensors", toPath: entry + "/metaclip.safetensors")

      let names = try Surroundings(entry + "/metaclip.safetensors").names()

      #expect(names.map(\.name) == ["metaclip.safetensors", "models--apple--DFN5B", ""])
      #expect(try Surroundings(entry).names().map(\.name) == names.map(\.name))
    }
  }

  @Test("the root of an entry of the Hub's cache is the snapshot that refs/main names")
  func hubCache() throws {
    try withCopy(of: "clip") { folder in
      let (files, entry) = (FileManager.default, folder.path + "/models--someone--tiny")
      for name in ["old", "new"] {
        try files.createDirectory(atPath: "\(entry)/snapshots/\(name)", withIntermediateDirectories: true)
      }
      let unclear = #expect(throws: Problem.self) { try OpenedCLIP(entry) }
      #expect(unclear?.advice?.contains("\(entry)/snapshots") == true)
      try files.createDirectory(atPath: entry + "/refs", withIntermediateDirectories: true)
      try Data("new\n".utf8).write(to: URL(filePath: entry + "/refs/main"))
      for name in ["model.safetensors", "config.json"] {
        try files.createSymbolicLink(
          atPath: "\(entry)/snapshots/new/\(name)", withDestinationPath: "\(folder.path)/\(name)")
      }

      #expect(try OpenedCLIP(entry).clip.config == OpenedCLIP(folder.path).clip.config)
    }
  }

  @Test("a CLIP is the mini world's by its words, not by the diffusion model beside it")
  func miniByItsWords() throws {
    try withDiffusion { path in
      try ConditionStatistics(Tensor(repeating: 1, shape: [2, 7])).write(
        to: URL(filePath: path + "/condition_statistics.json"))
      func opened(vocabulary: Int) throws -> OpenedCLIP {
        let folder = WeightsFolder("\(path)/clip-\(vocabulary)")
        try smallCLIP(vocabulary: vocabulary).save(to: folder)
        return try OpenedCLIP(mini: MiniFolder("nowhere"), clip: folder.path, diffusion: path)
      }

      #expect(try opened(vocabulary: 737).reading.backbone == ModelReading.Choice("mini", by: "its vocabulary"))
      let other = try opened(vocabulary: 768)
      #expect(other.backbone.name == .custom && other.backbone.policy.statementPrefix == "a photo of ")
      #expect(other.backbone.benchmark == Backbone(.openAIL14).benchmark)
    }
  }

  func smallCLIP(vocabulary: Int) throws -> CLIP {
    let tower = CLIPEncoderConfig(width: 64, layers: 1, heads: 1)
    let config = CLIPConfig(
      vision: CLIPVisionConfig(encoder: tower, imageSize: 12, patchSize: 4),
      text: CLIPTextConfig(encoder: tower, vocabulary: vocabulary, contextLength: 24, startID: 735, endID: 736),
      projectionWidth: 10)
    return try CLIP(config, from: .initializing(seed: 6))
  }
}
