import Engine
import Foundation
import Testing

@testable import Recap

@Suite("Scoring pairs a few at a time")
struct GradualScoringTests {
  /// Pictures so large that few are encoded at once.
  private func large(_ it: Small) throws -> (clip: CLIP, preprocessing: Preprocessing) {
    let encoder = CLIPEncoderConfig(width: 16, layers: 1, heads: 2)
    let config = CLIPConfig(
      vision: CLIPVisionConfig(encoder: encoder, imageSize: 112, patchSize: 28), text: it.clip.config.text,
      projectionWidth: 12)
    return (try CLIP(config, from: .initializing(seed: 4)), Preprocessing(side: 112, colors: .half))
  }

  private func answers(_ scoring: inout GradualScoring, _ model: Int = 0) -> [PairPrediction] {
    while !scoring.isFinished { scoring.advance() }
    return scoring.answers(of: model)
  }

  @Test(
    "gives the answers that all pictures at once give",
    arguments: [
      BenchmarkFeature(locals: .none), BenchmarkFeature(locals: .all, normalizesSum: false),
      BenchmarkFeature(locals: .random(3), normalizesTokens: false, drawsForEachStatement: true),
    ])
  func sameAnswers(feature: BenchmarkFeature) throws {
    let it = try Small()
    let (clip, preprocessing) = try large(it)
    let benchmark = try PairBenchmark(
      BenchmarkFiles(MMVPFolder(url: it.pairs)), clip: clip, tokenizer: it.tokenizer, prefix: "",
      preprocessing: preprocessing)

    let whole = try benchmark.predictions(
      by: clip.vision, preprocessing: preprocessing, feature: feature, seeds: [5])[0]
    var scoring = GradualScoring(
      benchmark, by: [(clip.vision, nil)], preprocessing: preprocessing, feature: feature, seeds: [5])

    #expect(answers(&scoring) == whole)
  }

  @Test("lets two models take turns, and tells how far they are")
  func turns() throws {
    let it = try Small()
    let (clip, preprocessing) = try large(it)
    let other = try CLIPVisionTower(clip.vision.config, projectionWidth: 12, from: .initializing(seed: 9))
    let benchmark = try PairBenchmark(
      BenchmarkFiles(MMVPFolder(url: it.pairs)), clip: clip, tokenizer: it.tokenizer, prefix: "",
      preprocessing: preprocessing)
    var scoring = GradualScoring(
      benchmark, by: [(clip.vision, nil), (other, nil)], preprocessing: preprocessing,
      feature: BenchmarkFeature(locals: .none), seeds: [1])
    var known: [[Int]] = []
    while !scoring.isFinished {
      scoring.advance()
      known.append([scoring.answers(of: 0).count, scoring.answers(of: 1).count])
    }

    // Four pictures of 112 pixels at a time are two pairs.
    #expect(known == [[2, 0], [2, 2], [4, 2], [4, 4], [6, 4], [6, 6], [8, 6], [8, 8], [9, 8], [9, 9]])
    #expect(scoring.doneImages == 36 && scoring.allImages == 36)
    #expect(scoring.answers(of: 0) != scoring.answers(of: 1))
  }

  @Test("asks a model that has changed again, and keeps what the other one answered")
  func renewed() throws {
    let it = try Small()
    let other = try CLIPVisionTower(it.clip.vision.config, projectionWidth: 12, from: .initializing(seed: 9))
    var scoring = GradualScoring(
      try it.benchmark(), by: [(it.clip.vision, nil)], preprocessing: it.preprocessing,
      feature: BenchmarkFeature(locals: .none), seeds: [1])
    let first = answers(&scoring)
    scoring.renew(1, vision: it.clip.vision)
    #expect(!scoring.isFinished && scoring.answers(of: 0) == first)
    #expect(answers(&scoring, 1) == first)

    scoring.renew(1, vision: other)

    #expect(scoring.answers(of: 1).isEmpty)
    #expect(answers(&scoring, 1) != first)
  }

  @Test("takes pictures and statements from the cache the second time, and from one that has only the pictures")
  func cached() throws {
    let it = try Small()
    let cache = try #require(it.cache())
    func scoring() throws -> GradualScoring {
      GradualScoring(
        try it.benchmark(cache: cache), by: [(it.clip.vision, cache)], preprocessing: it.preprocessing,
        feature: BenchmarkFeature(locals: .all), seeds: [1])
    }
    var first = try scoring()
    let answers = answers(&first)

    var second = try scoring()
    // Nothing is left to be looked at: one piece answers all.
    second.advance()
    #expect(second.encodedImages == 0 && second.isFinished && second.answers(of: 0) == answers)

    let files = try FileManager.default.contentsOfDirectory(at: cache.folder, includingPropertiesForKeys: nil)
    #expect(files.count == 2)
    for file in files
    where try SafetensorsFile(file.path).tensor(named: "tensor")?.values == second.benchmark.texts.all {
      try FileManager.default.removeItem(at: file)
    }
    var third = try scoring()
    while !third.isFinished { third.advance() }
    #expect(third.answers(of: 0) == answers)
  }
}
