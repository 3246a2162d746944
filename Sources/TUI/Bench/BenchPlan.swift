import Engine
import Recap

/// What one line of the benchmark's table is about.
package struct BenchPlan: Codable, Equatable {
  package enum Part: String, CaseIterable, Codable {
    case ops, gemm, conv, attention, norms, clip, unet, vae, step, mini

    /// Measured op by op, from `TimedCase.families`.
    package var isFamily: Bool { TimedCase.families.contains { $0.part == rawValue } }
  }

  /// Whose sizes the models' parts have.
  package enum Size: String, CaseIterable, Codable {
    /// The embedded models, or those that --clip and --diffusion name.
    case given
    /// ViT-L/14 at 224 and Stable Diffusion 2.1 at 512×512, random weights.
    case full
    /// A few channels wide, random weights: to see that everything runs.
    case tiny
  }

  package var part: Part
  package var size = Size.given
  package var precision = ArithmeticPolicy.Precision.f32
  package var threads: Int
  package var batch = 1
  /// With the backward pass.
  var hasGradients = false
  /// The row of a family; nil for a model's part.
  var op: Int?
  /// Who the row is compared with.
  package var engine = BenchEngine.torch

  /// The members of the request to prepare, for the worker and the peer.
  private enum CodingKeys: String, CodingKey {
    case part, size, precision, threads, batch, op, engine
    case hasGradients = "gradients"
  }

  init(_ part: Part, threads: Int) { (self.part, self.threads) = (part, threads) }
}

extension ArithmeticPolicy.Precision: Codable {}

extension BenchPlan {
  /// All rows of a part at one precision and number of threads.
  package static func rows(
    _ part: Part, _ size: Size, _ precision: ArithmeticPolicy.Precision, threads: Int, batch: Int?
  ) -> [BenchPlan] {
    var plan = BenchPlan(part, threads: threads)
    (plan.size, plan.precision) = (size, precision)
    if let family = TimedCase.families.first(where: { $0.part == part.rawValue }) {
      return family.cases.indices.flatMap { plan.bothWays(op: $0, family.cases[$0].op.differentiable > 0) }
    }
    plan.batch = batch ?? (size == .given ? TrainConfiguration().batch : 1)
    switch part {
    case .clip, .unet: return plan.bothWays(op: nil, true)
    case .mini:
      plan.size = .given
      return (batch.map { [$0] } ?? [TrainConfiguration().batch, 1]).map { batch in plan.with { $0.batch = batch } }
    default: return [plan]
    }
  }

  /// The table of docs/benchmarks.md: full size and the mini world, both precisions, one thread and all.
  package static func table(cores: Int) -> [BenchPlan] {
    let threads = cores > 1 ? [1, cores] : [1]
    let full = threads.flatMap { threads in
      ArithmeticPolicy.Precision.allCases.flatMap { precision in
        [Part.step, .unet, .clip, .vae].flatMap { rows($0, .full, precision, threads: threads, batch: nil) }
      }
    }
    return threads.flatMap { rows(.mini, .given, .f32, threads: $0, batch: nil) } + full
  }

  /// The engine does the same in both rows, whoever it is compared with.
  func isSameWork(as other: BenchPlan) -> Bool { with { $0.engine = other.engine } == other }

  /// The same row compared with each of the engines that can compute it; with none of them where none can.
  func against(_ engines: [BenchEngine]) -> [(plan: BenchPlan, hasPeer: Bool)] {
    let able = engines.filter { $0.does(self) }
    return able.isEmpty ? [(self, false)] : able.map { engine in (with { $0.engine = engine }, true) }
  }

  private func bothWays(op: Int?, _ hasGradients: Bool) -> [BenchPlan] {
    [false, true].prefix(hasGradients ? 2 : 1).map { gradients in with { ($0.op, $0.hasGradients) = (op, gradients) } }
  }

  private func with(_ change: (inout BenchPlan) -> Void) -> BenchPlan {
    var plan = self
    change(&plan)
    return plan
  }
}
