import Engine
import Foundation
import Testing

@testable import Recap

@Suite struct PairBenchmarkTests {
  @Test(
    "The reference's features are what its programs add up",
    arguments: [
      (BenchmarkFeature(locals: .none), false), (BenchmarkFeature(locals: .all), true),
      (BenchmarkFeature(locals: .all, normalizesTokens: false), true),
      (BenchmarkFeature(locals: .all, normalizesSum: false), true),
    ])
  func sums(feature: BenchmarkFeature, addsPatches: Bool) throws {
    let it = try Small()
    let tokens = it.clip.vision.imageTokens(it.clip.vision(it.preprocessing.pixels(it.images)))
    let (count, width) = (tokens.shape[1], tokens.shape[2])

    let made = feature.features(
      ofBatch: it.images[...], by: it.clip.vision, preprocessing: it.preprocessing,
      draws: [FeatureDraw(seed: 1, number: 0)])

    // The rule again, token by token in double precision.
    let rows = (0..<it.images.count).flatMap { image -> [Double] in
      let rows = (0..<count).map { token -> [Double] in
        let start = (image * count + token) * width
        let row = tokens.values[start..<start + width].map(Double.init)
        return feature.normalizesTokens ? unit(row) : row
      }
      let means = (0..<width).map { c in rows.dropFirst().map { $0[c] }.reduce(0, +) / Double(count - 1) }
      let sum = addsPatches ? zip(rows[0], means).map(+) : rows[0]
      return feature.normalizesSum ? unit(sum) : sum
    }
    #expect(made[0].shape == [it.images.count, width])
    #expect(zip(made[0].values, rows).allSatisfy { abs(Double($0) - $1) < 1e-5 })
  }

  @Test func aSeedRepeatsItsDrawsAndAnotherDoesNot() throws {
    let it = try Small()
    let feature = BenchmarkFeature(locals: .random(3), normalizesTokens: false, drawsForEachStatement: true)
    func draws(_ seeds: [UInt64], from first: Int = 0) -> [[Float]] {
      feature.features(
        ofBatch: it.images[first...], by: it.clip.vision, preprocessing: it.preprocessing,
        draws: seeds.map { FeatureDraw(seed: $0, number: 0) }
      ).map(\.values)
    }

    #expect(draws([4, 5]) == draws([4, 5]))
    #expect(draws([4])[0] == draws([5, 4])[1])
    #expect(draws([4]) != draws([5]))
    // The batch changes no draw, and sums by rounding at most.
    let (whole, tail) = (draws([4])[0], draws([4], from: 5)[0])
    #expect(zip(whole.suffix(tail.count), tail).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("With the random rule each seed has its own answers, and each statement its own draw")
  func seeds() throws {
    let it = try Small()
    let feature = BenchmarkFeature(locals: .random(2), normalizesTokens: false, drawsForEachStatement: true)
    let benchmark = try it.benchmark()

    let lists = try benchmark.predictions(
      by: it.clip.vision, preprocessing: it.preprocessing, feature: feature, seeds: [1, 2, 3])
    let again = try benchmark.predictions(
      by: it.clip.vision, preprocessing: it.preprocessing, feature: feature, seeds: [2])

    #expect(lists.count == 3 && lists[1] == again[0])
    #expect(Set(lists.map { $0[0].scores[0] }).count == 3)
    let shared = BenchmarkFeature(locals: .random(2), normalizesTokens: false)
    let once = try benchmark.predictions(
      by: it.clip.vision, preprocessing: it.preprocessing, feature: shared, seeds: [1])
    #expect(once[0][0].scores[0] == lists[0][0].scores[0])
    #expect(once[0][0].scores[1] != lists[0][0].scores[1])
  }

  @Test func withoutChanceAllSeedsAgreeAndEqualTheSimpleRule() throws {
    let it = try Small()
    let benchmark = try it.benchmark()

    let lists = try benchmark.predictions(
      by: it.clip.vision, preprocessing: it.preprocessing,
      feature: FeatureRule.classToken.feature(for: Backbone(.mini)),
      seeds: [1, 2])

    #expect(lists[0] == lists[1])
    let simple = benchmark.predictions(by: it.clip.vision, preprocessing: it.preprocessing)
    #expect(lists[0] == simple)
  }

  @Test func theSecondOpeningEncodesNothing() throws {
    let it = try Small()
    let cache = try #require(it.cache())
    let benchmark = try it.benchmark()
    var encoded = 0
    func answers(_ feature: BenchmarkFeature, seeds: [UInt64], cache: FeatureCache) throws -> [[PairPrediction]] {
      benchmark.predictions(
        by: it.clip.vision, preprocessing: it.preprocessing, feature: feature, seeds: seeds, cache: cache
      ) { done, _ in encoded = done }
    }
    let random = BenchmarkFeature(locals: .random(2), normalizesSum: false)

    let first = try answers(random, seeds: [1, 2], cache: cache)
    #expect(encoded == benchmark.images.count)
    encoded = 0
    try #expect(answers(random, seeds: [2, 1], cache: cache) == first.reversed())
    #expect(encoded == 0)

    // Another rule, another seed and other weights are other features.
    _ = try answers(BenchmarkFeature(locals: .all), seeds: [1], cache: cache)
    #expect(encoded > 0)
    encoded = 0
    _ = try answers(random, seeds: [3], cache: cache)
    #expect(encoded > 0)
    encoded = 0
    try Data("changed".utf8).write(to: it.folder.appending(path: "weights"))
    _ = try answers(random, seeds: [1], cache: #require(it.cache()))
    #expect(encoded > 0)
  }

  @Test("A damaged file of the cache is computed again", arguments: [0, 40, 200])
  func damagedCache(kept: Int) throws {
    let it = try Small()
    let cache = try #require(it.cache())
    let benchmark = try it.benchmark()
    func answers() throws -> [[PairPrediction]] {
      try benchmark.predictions(
        by: it.clip.vision, preprocessing: it.preprocessing, feature: BenchmarkFeature(locals: .all), seeds: [1],
        cache: cache)
    }
    let first = try answers()
    let files = try FileManager.default.contentsOfDirectory(at: cache.folder, includingPropertiesForKeys: nil)
    #expect(files.count == 1)
    var bytes = try Data(contentsOf: files[0])
    if kept == 200 { bytes[bytes.count - 9] ^= 0x20 } else { bytes = bytes.prefix(kept) }
    try bytes.write(to: files[0])

    try #expect(answers() == first)
    #expect(try Data(contentsOf: files[0]).count > 200)
  }

  @Test("Statements are encoded once for the same weights and words, and again when a file of the cache is damaged")
  func statementsAreKept() throws {
    let it = try Small()
    let (ids, others) = (["a dog", "two cats"].map(it.tokenizer.tokens), ["a dog", "a cat"].map(it.tokenizer.tokens))
    func features(_ clip: CLIP, _ ids: [[Int]]) throws -> [Float] {
      StatementFeatures(ids, by: clip.text, cache: it.cache()).all
    }
    // Other numbers under the same name: what comes back tells whether they were computed.
    let blank = try CLIP(it.config, from: .initializing(seed: 4))

    let first = try features(it.clip, ids)
    #expect(
      first == StatementFeatures(ids, by: it.clip.text).all && first != StatementFeatures(ids, by: blank.text).all)
    try #expect(features(blank, ids) == first)
    try #expect(features(blank, others) == StatementFeatures(others, by: blank.text).all)

    let cache = try #require(it.cache())
    let file = cache.folder.appending(path: cache.name(texts: ids) + ".safetensors")
    let whole = try Data(contentsOf: file)
    var bytes = whole
    bytes[bytes.count - 9] ^= 0x20
    for damaged in [Data(), whole.prefix(40), bytes] {
      try damaged.write(to: file)
      try #expect(features(it.clip, ids) == first)
      try #expect(Data(contentsOf: file) == whole)
    }

    try Data("changed".utf8).write(to: it.folder.appending(path: "weights"))
    try #expect(features(blank, ids) == StatementFeatures(ids, by: blank.text).all)
  }

  @Test("A file that takes another's place is told from it, though its path, size and time are the same")
  func stamps() throws {
    let it = try Small()
    let (file, other) = (it.folder.appending(path: "weights"), it.folder.appending(path: "other"))
    let time = Date(timeIntervalSince1970: 1_700_000_000)
    func write(_ text: String, _ url: URL) throws {
      try Data(text.utf8).write(to: url)
      try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: url.path)
    }
    try write("one", file)
    let stamp = FileStamp.stamp(file.path)
    #expect(FileStamp.stamp(file.path) == stamp)

    try write("two", other)
    #expect(rename(other.path, file.path) == 0)
    #expect(FileStamp.stamp(file.path) != stamp)
  }

  @Test func pairsThatCannotBeReadAreLeftOutAndNamed() throws {
    let it = try Small()
    let images = it.pairs.appending(path: "MLLM_VLM_Images")
    try Data("no image".utf8).write(to: images.appending(path: "Presence/4.png"))
    try FileManager.default.removeItem(at: images.appending(path: "Color/11.png"))

    let benchmark = try it.benchmark()

    #expect(benchmark.skipped.map(\.questionIDs) == [[3, 4], [11, 12]])
    #expect(benchmark.skipped[0].reason.message.hasSuffix("Presence/4.png: it is not an image"))
    #expect(benchmark.skipped[1].reason.message.contains("there is no image Color/11.jpg"))
    #expect(benchmark.pairs.map(\.index) == [0, 2, 3, 4, 6, 7, 8] && benchmark.images.count == 14)
  }

  @Test("Of photos only the squares that CLIP sees are kept, and small previews where they are asked for")
  func squares() throws {
    let it = try Small()
    let photos = it.images.map { $0.resized(width: 200, height: 150, by: .bicubic) }
    let folder = it.pairs.appending(path: "MLLM_VLM_Images")
    for (index, photo) in photos.enumerated() {
      let pattern = Pattern.allCases[index / 2].typeName
      try photo.writePNG(to: folder.appending(path: "\(pattern)/\(index + 1).png"))
    }

    let benchmark = try it.benchmark()
    let browsed = try it.benchmark(previewSide: 80)

    #expect(benchmark.images == photos.map(it.preprocessing.square) && benchmark.previews == benchmark.images)
    #expect(browsed.images == benchmark.images)
    #expect(browsed.previews.map { [$0.width, $0.height] } == photos.map { _ in [80, 60] })
    let whole = PairBenchmark(benchmark.pairs, images: photos, clip: it.clip, tokenizer: it.tokenizer)
    #expect(
      benchmark.predictions(by: it.clip.vision, preprocessing: it.preprocessing)
        == whole.predictions(by: it.clip.vision, preprocessing: it.preprocessing))
  }

  @Test("Baseline and tuned CLIP are compared by the backbone's own feature, and see the same chance")
  func sideBySide() throws {
    let it = try Small()
    let benchmark = try it.benchmark()
    let feature = BenchmarkFeature(locals: .random(3), normalizesTokens: false, drawsForEachStatement: true)
    func compared(_ feature: BenchmarkFeature, seed: UInt64) -> Evaluator {
      Evaluator(
        .folder("mmvp"),
        pairs: GradualScoring(
          benchmark, by: [(it.clip.vision, nil)], preprocessing: it.preprocessing, feature: feature, seeds: [seed]),
        zeroShot: ZeroShotBenchmark(MiniWorld(), .zeroShot, perKind: 2, clip: it.clip, tokenizer: it.tokenizer),
        baseline: it.clip.vision)
    }

    var (random, other) = (compared(feature, seed: 4), compared(feature, seed: 5))
    let evaluation = random.evaluation(of: it.clip.vision, step: 1)
    _ = other.evaluation(of: it.clip.vision, step: 1)

    let expected = benchmark.predictions(
      by: it.clip.vision, preprocessing: it.preprocessing, feature: feature, seeds: [4], progress: { _, _ in })
    #expect(random.pairs.answers(of: 0) == expected[0] && random.pairs.answers(of: 1) == expected[0])
    #expect(random.pairs.answers(of: 0) != other.pairs.answers(of: 0))
    #expect(evaluation.fixed + evaluation.broken == 0 && evaluation.tunedZeroShot == evaluation.baselineZeroShot)
    #expect(random.reports(step: 1).predictions.set == "mmvp")
  }

  @Test(
    "things are named as rightly a few pictures at a time as all at once",
    arguments: [
      BenchmarkFeature.classToken, BenchmarkFeature(locals: .random(3)),
    ])
  func gradualZeroShot(feature: BenchmarkFeature) throws {
    let it = try Small()
    // More pictures than are looked at together.
    let benchmark = ZeroShotBenchmark(MiniWorld(), .zeroShot, perKind: 5, clip: it.clip, tokenizer: it.tokenizer)
    var gradual = GradualZeroShot(
      benchmark, of: it.clip.vision, preprocessing: it.preprocessing, feature: feature, seed: 4)

    gradual.advance()
    #expect(gradual.done == 64 && gradual.accuracy == nil)
    while !gradual.isFinished { gradual.advance() }

    let whole = benchmark.accuracy(
      of: it.clip.vision, preprocessing: it.preprocessing, feature: feature, seed: 4)
    #expect(gradual.accuracy == whole)
  }

  @Test func theResultFileIsTheReferences() throws {
    let pairs = (0..<9).map { ImagePair(index: $0, pattern: Pattern.allCases[$0], statements: ["", ""]) }
    let features: [Float] = (0..<9).flatMap { _ in [1, 0, 0, 1] as [Float] }
    let right = PairScore(
      PairPrediction.all(pairs, imageFeatures: features, textFeatures: features, width: 2))
    let wrong = PairScore(
      PairPrediction.all(pairs, imageFeatures: features, textFeatures: features.map { 1 - $0 }, width: 2))

    let text = PredictionResult.json(name: "openai-ViT-L-14", before: wrong, after: right)

    // As Python's json.dump(…, indent=4) writes it.
    #expect(text.hasPrefix("{\n    \"results_before\": {\n        \"openai-ViT-L-14\": {\n            \"Orientation"))
    #expect(text.contains("            \"average_score\": 0.0\n        }\n    },\n    \"results_final_after\": {"))
    #expect(text.hasSuffix("            \"average_score\": 100.0\n        }\n    }\n}"))
    let read = try JSON(parsing: Array(text.utf8), file: "pred_result.json")
    let members = read["results_final_after"]?["openai-ViT-L-14"]?.members ?? []
    #expect(members.map(\.name) == Pattern.allCases.map(\.title) + ["average_score"])
    #expect(PredictionResult.json(name: "x", before: wrong, after: nil).contains("results_final_after") == false)
  }

  private func unit(_ row: [Double]) -> [Double] {
    let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return row.map { $0 / length }
  }
}

/// A CLIP that has learnt nothing, and nine pairs of the mini world as files; gone with the test.
final class Small {
  let folder = URL.temporaryDirectory.appending(path: UUID().uuidString)
  let config: CLIPConfig
  let clip: CLIP
  let tokenizer: CLIPTokenizer
  let preprocessing = Preprocessing(side: 16, colors: .half)
  var pairs: URL { folder.appending(path: "mmvp") }
  let images: [Image]

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data("weights".utf8).write(to: folder.appending(path: "weights"))
    tokenizer = try MiniVocabulary().tokenizer(contextLength: 24)
    let encoder = CLIPEncoderConfig(width: 16, layers: 1, heads: 2)
    config = CLIPConfig(
      vision: CLIPVisionConfig(encoder: encoder, imageSize: 16, patchSize: 4),
      text: CLIPTextConfig(
        encoder: encoder, vocabulary: tokenizer.vocabularySize, contextLength: 24, startID: tokenizer.start,
        endID: tokenizer.end),
      projectionWidth: 12)
    clip = try CLIP(config, from: .initializing(seed: 3))
    let world = MiniWorld(seed: 2)
    try world.writePairs(to: folder.appending(path: "mmvp"), perPattern: 1)
    images = Scene.render(world.pairs(.browsing, perPattern: 1).flatMap(\.scenes))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func benchmark(previewSide: Int? = nil, cache: FeatureCache? = nil) throws -> PairBenchmark {
    try PairBenchmark(
      BenchmarkFiles(MMVPFolder(url: pairs)), clip: clip, tokenizer: tokenizer, prefix: "",
      preprocessing: preprocessing, previewSide: previewSide, cache: cache)
  }

  func cache() -> FeatureCache? {
    FeatureCache(
      weights: [folder.appending(path: "weights").path],
      environment: ["DIVA_TUI_CACHE": folder.appending(path: "cache").path])
  }
}
