import Engine
import Foundation

extension PretrainPlan {
  /// What the embedded models are made with.
  public static let mini = PretrainPlan(
    text: Text(
      steps: 1000, pairs: 45, singles: 34, detail: 0.9, openShare: 0.3, rate: 1.5e-3, warmUpSteps: 50, placeScale: 0.7),
    towers: Contrastive(
      steps: 2000, pairs: 52, singles: 24, detail: 0.9, variesDetail: true, factWeight: 0.5, classWeight: 0.5,
      classDetail: 1, patchWeight: 0.5, patchDetail: 1, rate: 1e-3, warmUpSteps: 50),
    baseline: Contrastive(
      steps: 400, pairs: 0, singles: 128, detail: 0.005, variesDetail: false, factWeight: 0, classWeight: 1,
      classDetail: 0, patchWeight: 10, patchDetail: 0, rate: 2e-3, warmUpSteps: 50),
    autoencoder: Autoencoder(steps: 4000, batch: 32, rate: 2e-3, warmUpSteps: 50, divergenceWeight: 1e-7),
    denoiser: Denoiser(
      steps: 5000, batches: 800, pairs: 12, singles: 24, rate: 1e-3, warmUpSteps: 100, detail: 1, endTokenShare: 0.5,
      emptyShare: 0.1, timestepPower: 0.7, conditionNoise: 0.3),
    generator: Generator(
      steps: 1200, batches: 300, pairs: 12, singles: 24, rate: 1e-3, warmUpSteps: 100, emptyShare: 0.1,
      noiseLevels: 400, timestepPower: 0.7),
    genhancer: Genhancer(
      steps: 1500, batches: 150, pairs: 12, singles: 24, rate: 1e-3, warmUpSteps: 100, emptyShare: 0.1),
    candidates: 400, kept: 100, browsed: 15)

  /// Reads a plan; throws a `Problem` that names the member which is missing or wrong.
  public init(parsing data: Data, file: String) throws {
    do {
      self = try RunJSON.decoder.decode(PretrainPlan.self, from: data)
    } catch {
      throw Problem(
        "cannot use the plan \(file): \(RunJSON.reason(error))",
        advice: "a plan has the members of the “plan” in a pretrain.json")
    }
    try requirePossible(file)
  }

  private func requirePossible(_ file: String) throws {
    func require(_ numbers: [Int], in range: ClosedRange<Int>, _ what: String) throws {
      guard !numbers.allSatisfy(range.contains) else { return }
      throw Problem(
        "cannot use the plan \(file): \(what) must be whole numbers from \(range.lowerBound) to \(range.upperBound)")
    }
    let contrastive = [towers, baseline]
    try require(
      contrastive.flatMap { [$0.steps, $0.warmUpSteps] }
        + [
          text.steps, text.warmUpSteps, autoencoder.steps, autoencoder.warmUpSteps, denoiser.steps,
          denoiser.warmUpSteps, generator?.steps ?? 0, generator?.warmUpSteps ?? 0, genhancer?.steps ?? 0,
          genhancer?.warmUpSteps ?? 0,
        ],
      in: 0...100_000_000, "steps")
    try require(
      contrastive.flatMap { [$0.pairs, $0.singles] }
        + [text.pairs, text.singles, autoencoder.batch, denoiser.pairs, denoiser.singles]
        + [generator?.pairs ?? 0, generator?.singles ?? 0, genhancer?.pairs ?? 0, genhancer?.singles ?? 0],
      in: 0...100_000, "pairs, singles and batches")
    try require([candidates, kept, browsed], in: 1...100_000, "candidates, kept and browsed")
    let generated = [generator.map { 2 * $0.pairs + $0.singles }, genhancer.map { 2 * $0.pairs + $0.singles }]
      .compactMap(\.self)
    let batches =
      contrastive.map { 2 * $0.pairs + $0.singles }
      + [2 * text.pairs + text.singles, 2 * denoiser.pairs + denoiser.singles] + generated
    try require(
      [denoiser.batches, generator?.batches ?? 1, genhancer?.batches ?? 1], in: 1...10_000,
      "batches of different pictures")
    try require([measuredScenes ?? 1], in: 1...100_000, "measuredScenes")
    try require([generator?.noiseLevels ?? 1], in: 1...1000, "generator.noiseLevels")
    guard autoencoder.batch > 0, batches.allSatisfy({ $0 > 0 }) else {
      throw Problem("cannot use the plan \(file): it has an empty batch")
    }
    guard candidates >= max(kept, browsed) else {
      throw Problem(
        "cannot use the plan \(file): of \(candidates) candidate pairs, \(kept) and \(browsed) are to be kept",
        advice: "candidates must be at least as many as are kept, and some must be kept")
    }
  }
}
