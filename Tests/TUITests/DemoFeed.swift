@testable import Terminal
@testable import TUI

/// A run that never was: every number follows from a formula, so that a screen drawn from it is the same everywhere.
enum DemoFeed {
  static let patterns = [
    "Orientation", "Presence", "State", "Quantity", "Spatial", "Color", "Structural Character", "Text",
    "Camera Perspective",
  ]

  /// The run at step 420 of 800. Made once: tests take copies.
  static let state = {
    var state = ExplorerState()
    for event in events(upTo: 420, of: 800) { _ = Explorer.update(&state, event) }
    return state
  }()

  /// Three runs of other processes, the first one opened and finished.
  static let watched = {
    var state = ExplorerState()
    for event in [.opened(run: 0), .runs(runs)] + events(upTo: 800, of: 800) { _ = Explorer.update(&state, event) }
    state.feed.plan.isWatched = true
    state.feed.status = .finished
    return state
  }()

  static let runs = [
    run("first", .finished, step: 800), run("every-patch-told", .live, step: 420),
    run("class-token-alone-2", .crashed(silentSeconds: 754), step: 30),
  ]

  private static func run(_ name: String, _ status: TrainingStatus, step: Int) -> RunRow {
    RunRow(
      name: name, status: status, step: step, totalSteps: 800, loss: point(step).loss,
      evaluations: stride(from: 60, through: step, by: 60).map { evaluation($0, of: 800) },
      facts: [
        .init(name: "folder", value: "/home/ada/runs/\(name)"), .init(name: "CLIP", value: "mini"),
        .init(
          name: "settings",
          value: "density 0.3, batch 32, 2 noise draws an image, adamw, learning rate 0.0001, 150 aligning steps"),
      ])
  }

  private static let samples = (0..<6).map(sample)

  static func events(upTo step: Int, of total: Int) -> [ExplorerEvent] {
    let plan = RunPlan(
      name: "mini world", totalSteps: total, alignSteps: 150, timesteps: Array(stride(from: 100, through: 900, by: 100))
    )
    let densities = densities()
    var events: [ExplorerEvent] = [
      .plan(plan), .samples(samples), .densities(densities, current: "0.3"), .status(.running),
      .pairs(pairs(gain: 0.1 + 0.3 * Double(step) / Double(total))),
    ]
    events += (1...max(step, 1)).map { .point(point($0)) }
    events += stride(from: 0, through: step, by: 60).map { .evaluation(evaluation($0, of: total)) }
    events += (0..<4).map { .reconstruction(reconstruction($0, timestep: 500, step: step, of: total)) }
    events += plan.timesteps.map { .reconstruction(reconstruction(0, timestep: $0, step: step, of: total)) }
    return events
  }

  // MARK: - Numbers

  /// A repeatable number between 0 and 1 for each seed (the finaliser of SplitMix64).
  static func noise(_ seed: Int) -> Double {
    var value = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((value ^ (value >> 31)) >> 11) / Double(1 << 53)
  }

  static func point(_ step: Int) -> TrainPoint {
    let progress = Double(step)
    return TrainPoint(
      step: step, loss: 0.071 + 1.6 / (progress + 80) + 0.006 * (noise(step) - 0.5),
      learningRate: step < 40 ? 3e-4 * progress / 40 : 3e-4, gradientNorm: 0.7 + 0.3 * noise(step + 9000),
      imagesPerSecond: 112 + 8 * noise(step + 7000), seconds: progress * 0.28)
  }

  static func evaluation(_ step: Int, of total: Int) -> Evaluation {
    let gain = Int(5.0 * Double(step) / 60) - (step == 120 ? 9 : 0)
    let fixed = 14 + max(gain, 0) + step / 12
    let difference = Double(gain) / 900
    return Evaluation(
      step: step, pairs: 900, baselinePairsCorrect: 317, tunedPairsCorrect: 317 + gain,
      patterns: patterns.enumerated().map { index, name in
        let base = 0.12 + 0.07 * Double(index * 5 % 9)
        return PatternScore(name: name, baseline: base, tuned: base + Double(index % 4) * 0.04 - 0.02)
      },
      fixed: fixed, broken: fixed - gain, pValue: step == 0 ? 1 : 0.9 / Double(step),
      interval95: (difference - 0.021)...(difference + 0.021), zeroShotBaseline: 0.845,
      zeroShotTuned: 0.845 - 0.01 * Double(step) / Double(total))
  }

  static func densities() -> [DensityInfo] {
    let every = (0..<64).map(Optional.some)
    let random = { (part: Double) in (0..<64).map { noise($0 + 77) < part ? $0 : nil } }
    let rows: [(String, String, [Int?], Double?)] = [
      ("class", "class only", Array(repeating: nil, count: 64), 0.0791), ("0.15", "15 %", random(0.15), nil),
      ("0.3", "30 %", random(0.3), 0.0744), ("0.5", "50 %", random(0.5), 0.0738), ("all", "all", every, nil),
      ("pool:6", "pooled by 6", (0..<64).map { $0 < 60 ? $0 / 6 : nil }, nil),
    ]
    return rows.map { name, label, patches, loss in
      DensityInfo(
        name: name, label: label, tokens: 1 + Set(patches.compactMap { $0 }).count, tokenOfPatch: patches,
        patchColumns: 8, loss: loss, steps: loss == nil ? 0 : 140)
    }
  }

  static func pairs(gain: Double) -> [PairRow] {
    (0..<135).map { index in
      let base = [noise(index) - 0.35, 0.4 - noise(index + 500)].map { $0 / 10 }
      let tuned = [base[0] + gain * noise(index + 900) / 5, base[1] - gain * (noise(index + 1300) - 0.3) / 5]
      return PairRow(
        number: index + 1, pattern: patterns[index / 15],
        statements: ["a small red car that faces to the left", "a small red car that faces to the right"],
        images: [samples[index % 6], samples[(index + 1) % 6]], baseline: PairAnswer(scores: base.map(score)),
        tuned: PairAnswer(scores: tuned.map(score)))
    }
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
      imageIndex: index, timestep: timestep, step: step, density: "0.3", original: original,
      noised: disturbed(original, by: 200 * far, seed: index + 1),
      byBaseline: disturbed(original, by: 60 * far, seed: index + 2),
      byTuned: disturbed(original, by: 60 * far * (1 - 0.7 * learned), seed: index + 3),
      latentError: ErrorPair(baseline: 0.52 * far, tuned: 0.52 * far * (1 - 0.3 * learned)),
      pixelError: ErrorPair(baseline: 0.041 * far, tuned: 0.041 * far * (1 - 0.2 * learned)))
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
