import TestSupport
import Testing

@testable import Engine

/// Against transformers, open_clip and timm; Tests/Reference/clip_layouts.py wrote the fixtures.
struct CLIPLayoutTests {
  /// A fixture, opened as what it is.
  private struct Subject {
    let weights: CLIPWeights
    let clip: CLIP
    let reference: ReferenceTensors
    let ids: [[Int]]

    init(_ name: String) throws {
      let folder = WeightsFolder(Reference.path("models/\(name)"))
      let isTransformers = name == "siglip"
      let file = Reference.path("models/\(name)/\(isTransformers ? "model" : "open_clip_model").safetensors")
      weights = try CLIPWeights(SafetensorsFile(file), name: file)
      var config: CLIPConfig
      if isTransformers {
        config = try CLIPConfig(folder.configuration())
      } else {
        config = try weights.config().refined(byOpenCLIP: folder.configuration("open_clip_config.json"))
        // The number of heads in a trunk of timm stands nowhere; in real sizes the width tells it.
        if name.hasPrefix("timm_") { config.vision.encoder.heads = 2 }
      }
      clip = try weights.clip(config)
      reference = try Reference.tensors("models/\(name)/reference")
      let flat = try reference.integers("ids")
      ids = [Array(flat[..<5]), Array(flat[5...])]
    }
  }

  @Test(
    "the layout is recognised by the names of the tensors",
    arguments: [
      ("siglip", "transformers SigLIP"), ("open_clip", "OpenAI or open_clip"), ("timm_siglip", "timm in open_clip"),
      ("timm_eva", "EVA-CLIP of timm in open_clip"),
    ])
  func recognition(name: String, layout: String) throws {
    #expect(try Subject(name).weights.layoutName == layout)
  }

  @Test(
    "features, all tokens and logits agree with the model's own library",
    arguments: ["siglip", "open_clip", "timm_siglip", "timm_eva"])
  func forward(name: String) throws {
    let it = try Subject(name)
    let hidden = it.clip.vision(try it.reference["pixels"])
    let (images, texts) = (it.clip.vision.imageFeatures(hidden), it.clip.text.textFeatures(it.ids))

    expect(it.clip.vision.imageTokens(hidden), equals: try it.reference["image_tokens"], within: .relative(1e-5))
    expect(images, equals: try it.reference["image_features"], within: .relative(1e-5))
    expect(texts, equals: try it.reference["text_features"], within: .relative(1e-5))
    expect(it.clip.logits(images: images, texts: texts), equals: try it.reference["logits"], within: .relative(1e-5))
  }

  @Test("chosen tokens are the same as those among all tokens", arguments: ["siglip", "open_clip", "timm_eva"])
  func chosenTokens(name: String) throws {
    let it = try Subject(name)
    let hidden = it.clip.vision(try it.reference["pixels"])

    let told = it.clip.vision.imageTokens(hidden, patches: [[3, 0], [8, 8], [1, 5]])

    let all = it.clip.vision.imageTokens(hidden)
    expect(told, equals: all.gatherTokens([[0, 4, 1], [0, 9, 9], [0, 2, 6]]), within: .relative(1e-6))
  }

  @Test("what the last block computes for some tokens alone is the same, and so are its gradients", arguments: [0, 1])
  func wantedTokens(memory: Int) throws {
    let it = try Subject("open_clip")
    var tower = it.clip.vision
    tower.memory = MemoryUse.allCases[memory]
    let pixels = try it.reference["pixels"]
    let patches = [[3, 0], [8, 8], [1, 5]]
    func gradients(_ tokens: Tensor) throws -> Tensor {
      tower.parameters.forEach { $0.clearGradient() }
      tokens.backward(arriving: RandomSource(seed: 1, stream: 2).normal(tokens.shape, step: 0))
      let values = try tower.parameters.flatMap { try #require($0.gradient).values }
      return Tensor(values, shape: [values.count])
    }
    tower.parameters.forEach { $0.isTrainable = true }

    let few = tower.imageTokens(of: pixels, patches: patches)
    let all = tower.imageTokens(tower(pixels), patches: patches)

    expect(few.detached(), equals: all.detached(), within: .relative(1e-6))
    // All together: of some biases the gradient is nothing but rounding.
    expect(try gradients(few), equals: try gradients(all), within: .relative(1e-6))
  }

  @Test(
    "the gradients of all weights agree with PyTorch, under the file's own names",
    arguments: ["siglip", "open_clip", "timm_siglip", "timm_eva"])
  func gradients(name: String) throws {
    let it = try Subject(name)
    for parameter in it.clip.parameters { parameter.isTrainable = true }
    let hidden = it.clip.vision(try it.reference["pixels"])
    let images = it.clip.vision.imageFeatures(hidden)
    let texts = it.clip.text.textFeatures(it.ids)

    let outputs = [
      ("image_tokens", it.clip.vision.imageTokens(hidden)), ("image_features", images), ("text_features", texts),
      ("logits", it.clip.logits(images: images, texts: texts)),
    ]
    try outputs.map { try ($0.1 * it.reference["d_\($0.0)"]).sum() }.reduce(Tensor(zeros: []), +).backward()

    let expected = try Reference.tensors("models/\(name)/gradients")
    let gradients = try it.weights.layout.stored(
      it.clip.parameters.map { ($0.name, try #require($0.gradient, "\($0.name) received no gradient")) })
    #expect(Set(gradients.map(\.key)) == Set(expected.names))
    for (key, gradient) in gradients {
      // A key's bias shifts all scores of a query alike, which softmax does not see: there is only rounding noise.
      let isKeyBias = key.hasSuffix("k_proj.bias")
      let reference = try expected[key]
      if isKeyBias {
        #expect(gradient.values.allSatisfy { abs($0) < 1e-4 }, "\(key)")
      } else {
        expect(gradient.reshaped(reference.shape), equals: reference, within: .relative(1e-4), key)
      }
    }
  }

  @Test("a saved SigLIP opens again with the same weights and configuration, under transformers' names")
  func roundTrip() throws {
    let clip = try Subject("siglip").clip
    try Reference.withTemporaryFolder { path in
      try clip.save(to: WeightsFolder(path))

      let opened = try CLIP(WeightsFolder(path))

      #expect(opened.config == clip.config)
      #expect(zip(opened.parameters, clip.parameters).allSatisfy { $0.value.values == $1.value.values })
      let names = try SafetensorsFile(path + "/model.safetensors").tensorNames
      let original = try SafetensorsFile(Reference.path("models/siglip/model.safetensors")).tensorNames
      #expect(Set(names) == Set(original))
    }
  }

  @Test(
    "weights wrapped by a trainer are found behind its prefix, with what stands beside them left alone",
    arguments: ["module.", "state_dict.module.", "class_model.model.", "clip."])
  func prefixes(prefix: String) throws {
    let it = try Subject("open_clip")
    let stored = it.weights.layout.stored(it.clip.parameters.map { ($0.name, $0.value) })
    var tensors = Dictionary(uniqueKeysWithValues: stored.map { (prefix + $0.key, $0.tensor) })
    tensors["visual_proj.weight"] = Tensor(zeros: [3, 10])

    let weights = try CLIPWeights(DictionarySource(tensors: tensors), name: "wrapped.pth")
    let clip = try weights.clip(it.clip.config)

    #expect(weights.layout.prefix == prefix)
    #expect(zip(clip.parameters, it.clip.parameters).allSatisfy { $0.value.values == $1.value.values })
    #expect(try weights.otherTensor(named: "visual_proj.weight")?.shape == [3, 10])
  }

  @Test("a text tower in a scope of its own is the same model")
  func customText() throws {
    let it = try Subject("open_clip")
    let stored = KeyLayout.openCLIPCustomText.stored(it.clip.parameters.map { ($0.name, $0.value) })
    let tensors = Dictionary(uniqueKeysWithValues: stored.map { ($0.key, $0.tensor) })

    let weights = try CLIPWeights(DictionarySource(tensors: tensors), name: "custom.bin")

    #expect(tensors["text.text_projection"]?.shape == [12, 10])
    #expect(weights.layoutName == "open_clip with a text tower of its own")
    #expect(try weights.clip(it.clip.config).parameters.count == it.clip.parameters.count)
  }

  @Test("what is missing, of another shape and out of place is named together, in the file's own words")
  func misfits() throws {
    let it = try Subject("open_clip")
    let stored = it.weights.layout.stored(it.clip.parameters.map { ($0.name, $0.value) })
    var tensors = Dictionary(uniqueKeysWithValues: stored.map { ($0.key, $0.tensor) })
    tensors["visual.transformer.resblocks.1.attn.in_proj_bias"] = nil
    tensors["visual.proj"] = Tensor(zeros: [9, 10])
    tensors["visual.transformer.resblocks.1.ls_1.gamma"] = Tensor(zeros: [16])
    tensors["context_length"] = Tensor(zeros: [])
    let weights = try CLIPWeights(DictionarySource(tensors: tensors), name: "broken.pt")

    let problem = try #require(throws: Problem.self) { try weights.clip(it.clip.config) }

    #expect(
      problem.message
        == "cannot load broken.pt: it has no tensor visual.transformer.resblocks.1.attn.in_proj_bias; "
        + "visual.proj is (9, 10), this model needs (16, 10); "
        + "1 of its tensors have no place in this model: visual.transformer.resblocks.1.ls_1.gamma")
  }

  @Test("tensors that are no CLIP's are refused, some of them by name")
  func strangers() throws {
    let source = DictionarySource(tensors: ["conv_in.weight": Tensor(zeros: [1]), "a.b": Tensor(zeros: [1])])

    let problem = try #require(throws: Problem.self) { try CLIPWeights(source, name: "unet.bin") }

    #expect(problem.message.hasPrefix("cannot load unet.bin: its 2 tensors (a.b, conv_in.weight) are"))
  }

  @Test("an image tower alone opens as one, and not as a CLIP")
  func imageTowerAlone() throws {
    let clip = try CLIP(WeightsFolder(Reference.path("models/clip")))
    let tensors = Dictionary(uniqueKeysWithValues: clip.vision.parameters.map { ($0.name, $0.value) })
    let weights = try CLIPWeights(DictionarySource(tensors: tensors), name: "tower.bin")

    let tower = try weights.vision(clip.config.vision, projectionWidth: 10)

    #expect(zip(tower.parameters, clip.vision.parameters).allSatisfy { $0.value.values == $1.value.values })
    #expect(throws: Problem.self) { try weights.config() }
  }
}

/// Tensors in memory as a file would give them.
struct DictionarySource: TensorSource {
  var tensors: [String: Tensor]

  var tensorNames: [String] { tensors.keys.sorted() }

  func tensor(named name: String) -> Tensor? { tensors[name]?.detached() }
}
