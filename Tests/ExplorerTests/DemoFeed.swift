@testable import Explorer
@testable import Recap
@testable import Terminal

/// A run that never was: every number follows from a formula, so that a screen drawn from it is the same everywhere.
enum DemoFeed {
  /// The run at step 420 of 800. Made once: tests take copies.
  static let state = {
    var state = ExplorerState()
    show(run("mini world", step: 420), .running, at: 420, in: &state)
    return state
  }()

  /// Three runs of other processes, the first one opened and finished.
  static let watched = {
    var state = ExplorerState()
    var first = run("mini world", step: 800)
    first.isFollowed = true
    _ = Explorer.update(&state, .runs(runs))
    show(first, .finished, at: 800, in: &state)
    return state
  }()

  private static func show(_ run: OpenedRun, _ status: TrainingStatus, at step: Int, in state: inout ExplorerState) {
    let events: [ExplorerEvent] = [
      .opened(run), .activity(SessionActivity(status: status)), .samples(samples),
      .pairs(pairs(gain: gain(step))), .models(models),
    ]
    let levels = (0..<4).map { ($0, 800) } + RebuildQueue.timesteps.map { (0, $0) }
    let made = levels.map { ExplorerEvent.reconstruction(reconstruction($0, timestep: $1, step: step, of: 800)) }
    for event in events + made { _ = Explorer.update(&state, event) }
  }

  private static let models = [
    ModelFacts(
      "CLIP, the baseline",
      [
        .init("from", "/models/openai/ViT-L-14.pt"), .init("weights", "428 M in 590 tensors"),
        .init("dtype", "F16, F32"),
        .init("activation", "QuickGELU, by its file’s name"), .init("pixels", "cut to 224, bicubic, by its preset"),
        .init("mean", "0.48145466 0.4578275 0.40821073"), .init("tokenizer", "49408 tokens, context length 77"),
      ]),
    ModelFacts(
      "CLIP, tuned: the image tower", [.init("from", "a copy of the baseline’s"), .init("trained", "not now")]),
    ModelFacts(
      "Visual projection", [.init("shape", "1024 → 768, with bias"), .init("trained", "yes, alone while aligning")]),
    ModelFacts("Denoiser", [.init("from", "/models/sd-2-1"), .init("weights", "866 M in 686 tensors")]),
  ]

  static let runs = [
    row("first", .finished, step: 800), row("every-patch-told", .live, step: 420),
    row("class-token-alone-2", .crashed(silentSeconds: 754), step: 30),
  ]

  private static func row(_ name: String, _ status: TrainingStatus, step: Int) -> RunRow {
    RunRow(
      name: name, status: status, step: step, totalSteps: 800, loss: Double(self.step(step).loss),
      evaluations: stride(from: 60, through: step, by: 60).map { evaluation($0, of: 800) },
      facts: [
        .init(name: "folder", value: "/home/ada/runs/\(name)"), .init(name: "CLIP", value: "mini"),
        .init(
          name: "settings",
          value: "density 0.3, batch 32, 2 noise draws an image, adamw, learning rate 0.0001, 150 aligning steps"),
      ])
  }

  private static let samples = (0..<6).map(sample)

  static func plan(steps: Int = 800, alignSteps: Int = 150) -> TrainConfiguration {
    var plan = TrainConfiguration()
    (plan.steps, plan.alignSteps, plan.density) = (steps, alignSteps, .fraction(0.3))
    return plan
  }

  /// What a run's log holds after so many of its 800 steps.
  static func entries(upTo step: Int) -> [LogEntry] {
    (1...step).map { .step(self.step($0)) }
      + stride(from: 0, through: step, by: 60).flatMap { step -> [LogEntry] in
        let pairs = pairs(gain: gain(step))
        let predictions = PredictionReport(
          step: step, baseline: pairs.compactMap(\.baseline), tuned: pairs.compactMap(\.tuned))
        return [.evaluation(evaluation(step, of: 800)), .predictions(predictions)]
      }
  }

  static func run(_ name: String, step: Int) -> OpenedRun {
    OpenedRun(
      name: name, plan: plan(), history: RunHistory(entries(upTo: step)), densities: DensityTable(densities()))
  }

  // MARK: - Numbers

  /// A repeatable number between 0 and 1 for each seed (the finaliser of SplitMix64).
  static func noise(_ seed: Int) -> Double {
    var value = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((value ^ (value >> 31)) >> 11) / Double(1 << 53)
  }

  static func step(_ step: Int, _ stage: StepReport.Stage = .train) -> StepReport {
    let progress = Double(step)
    return StepReport(
      stage: stage, step: step, loss: Float(0.071 + 1.6 / (progress + 80) + 0.006 * (noise(step) - 0.5)),
      lr: Float(step < 40 ? 3e-4 * progress / 40 : 3e-4), gradNorm: Float(0.7 + 0.3 * noise(step + 9000)),
      imagesPerSecond: 112 + 8 * noise(step + 7000), seconds: progress * 0.28, density: .fraction(0.3))
  }

  static func evaluation(_ step: Int, of total: Int) -> EvaluationReport {
    let gain = Int(5.0 * Double(step) / 60) - (step == 120 ? 9 : 0)
    let fixed = 14 + max(gain, 0) + step / 12
    let difference = Double(gain) / 9
    let base = Pattern.allCases.indices.map { 12 + 7 * Double($0 * 5 % 9) }
    return EvaluationReport(
      step: step, pairs: 900, baselineCorrect: 317, tunedCorrect: 317 + gain,
      patterns: Pattern.allCases.map(\.typeName), baselinePerPattern: base,
      tunedPerPattern: base.enumerated().map { $1 + Double($0 % 4) * 4 - 2 }, fixed: fixed, broken: fixed - gain,
      pValue: step == 0 ? 1 : 0.9 / Double(step), interval95: [difference - 2.1, difference + 2.1],
      baselineZeroShot: 84.5, tunedZeroShot: 84.5 - Double(step) / Double(total), zeroShotImages: 1500,
      zeroShotFixed: 20, zeroShotBroken: 20 + 15 * step / total, seconds: 4)
  }

  /// An evaluation that scored a retrieval set, too.
  static func retrieval(_ step: Int) -> EvaluationReport {
    var report = evaluation(step, of: 800)
    (report.baselineRetrieval, report.tunedRetrieval) = (61, 58.5)
    (report.retrievalQueries, report.retrievalFixed, report.retrievalBroken) = (1000, 10, 35)
    return report
  }

  static func densities() -> [DensityInfo] {
    let every = (0..<64).map(Optional.some)
    let random = { (part: Double) in (0..<64).map { noise($0 + 77) < part ? $0 : nil } }
    let rows: [(RecapDensity, [Int?], Double?)] = [
      (.classOnly, Array(repeating: nil, count: 64), 0.0791), (.fraction(0.15), random(0.15), nil),
      (.fraction(0.3), random(0.3), 0.0744), (.fraction(0.5), random(0.5), 0.0738), (.all, every, nil),
      (.pooled(window: 6), (0..<64).map { $0 < 60 ? $0 / 6 : nil }, nil),
    ]
    return rows.map { density, patches, loss in
      DensityInfo(
        density: density, tokens: 1 + Set(patches.compactMap { $0 }).count, tokenOfPatch: patches, patchColumns: 8,
        loss: loss, steps: loss == nil ? 0 : 140)
    }
  }

  private static func gain(_ step: Int) -> Double { 0.1 + 0.3 * Double(step) / 800 }

  private static let statements = [
    ["a small red car that faces to the left", "a small red car that faces to the right"],
    ["a cup with a handle", "a cup without a handle"], ["an open door", "a closed door"],
    ["two red apples on a table", "three red apples on a table"], ["a cat on a box", "a cat under a box"],
    ["a blue lamp and a face", "a purple lamp and a face"], ["a tall tower", "a wide tower"],
    ["a sign that says yes", "a sign that says no"], ["a house seen from above", "a house seen from the side"],
  ]

  static func pairs(gain: Double) -> [PairRow] {
    (0..<135).map { index in
      let base = [noise(index) - 0.35, 0.4 - noise(index + 500)].map { $0 / 10 }
      let tuned = [base[0] + gain * noise(index + 900) / 5, base[1] - gain * (noise(index + 1300) - 0.3) / 5]
      let pair = ImagePair(
        index: index, pattern: Pattern.allCases[index / 15],
        statements: statements[index / 15])
      return PairRow(
        pair: pair, images: [samples[index % 6], samples[(index + 1) % 6]],
        baseline: answer(pair, base), tuned: answer(pair, tuned))
    }
  }

  /// From the differences of the similarities of image 1 and image 2, statement by statement.
  private static func answer(_ pair: ImagePair, _ differences: [Double]) -> PairPrediction {
    let halves = differences.map { Float($0 / 20) }
    return PairPrediction(
      pair, scores: differences.map(score),
      similarities: PairSimilarities([0.24 + halves[0], 0.24 - halves[0], 0.23 + halves[1], 0.23 - halves[1]]))
  }

  /// The probability of the first image that belongs to a difference of similarities.
  private static func score(_ difference: Double) -> Double { 0.5 + difference / (1 + 2 * abs(difference)) }

  // MARK: - Pictures

  private typealias Color = (red: Double, green: Double, blue: Double)

  /// A disc, a square or a diamond on a plain ground, 64 × 64.
  static func sample(_ index: Int) -> Picture {
    let grounds: [Color] = [(226, 220, 205), (198, 214, 226), (70, 84, 96), (214, 226, 198)]
    let inks: [Color] = [(204, 62, 52), (44, 110, 180), (236, 180, 60), (60, 150, 90), (130, 80, 170)]
    let (ground, ink) = (grounds[index % grounds.count], inks[index % inks.count])
    let center = (x: 32 + 9 * (noise(index + 40) - 0.5), y: 32 + 9 * (noise(index + 60) - 0.5))
    return Picture(width: 64, height: 64) { x, y in
      let (dx, dy) = (abs(Double(x) - center.x), abs(Double(y) - center.y))
      let distance = [(dx * dx + dy * dy).squareRoot() - 18, max(dx, dy) - 16, dx + dy - 22][index % 3]
      let cover = min(max(0.5 - distance, 0), 1)
      return mix(ground, ink, cover)
    }
  }

  static func reconstruction(_ index: Int, timestep: Int, step: Int, of total: Int) -> Reconstruction {
    let original = sample(index)
    let far = Double(timestep) / 1000
    let learned = Double(step) / Double(total)
    return Reconstruction(
      imageIndex: index, timestep: timestep, step: step, density: .fraction(0.3), original: original,
      noised: disturbed(original, by: 200 * far, seed: index + 1),
      byBaseline: disturbed(original, by: 60 * far, seed: index + 2),
      byTuned: disturbed(original, by: 60 * far * (1 - 0.7 * learned), seed: index + 3),
      latentErrors: errors(0.52 * far, learned, seed: index),
      pixelErrors: errors(0.041 * far, learned, seed: index + 50))
  }

  /// Over eight noises, of which the fourth is of no help.
  private static func errors(_ size: Double, _ learned: Double, seed: Int) -> [ErrorPair] {
    (0..<8).map { noise in
      let baseline = size * (0.9 + 0.2 * self.noise(seed * 8 + noise))
      return ErrorPair(baseline: baseline, tuned: baseline * (noise == 3 ? 1.01 : 1 - 0.3 * learned))
    }
  }

  /// The picture with coarse blotches of at most `amount`.
  private static func disturbed(_ picture: Picture, by amount: Double, seed: Int) -> Picture {
    Picture(width: picture.width, height: picture.height) { x, y in
      let at = picture[x, y]
      let push = { (channel: Int) in amount * (noise((x / 4) + 64 * (y / 4) + 4096 * channel + 99_991 * seed) - 0.5) }
      let color = (Double(at.red) + push(0), Double(at.green) + push(1), Double(at.blue) + push(2))
      return mix(color, color, 0)
    }
  }

  private static func mix(_ a: Color, _ b: Color, _ part: Double) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let byte = { (from: Double, to: Double) in UInt8(min(max(from + (to - from) * part, 0), 255)) }
    return (byte(a.red, b.red), byte(a.green, b.green), byte(a.blue, b.blue))
  }
}
