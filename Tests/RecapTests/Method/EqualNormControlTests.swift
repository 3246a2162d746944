import Engine
import Testing

@testable import Recap

@Suite("The control of equal norm")
struct EqualNormControlTests {
  @Test("moves each weight of the baseline as far as training did, in a direction of chance")
  func norms() throws {
    let models = try TrainingReference(.adamw).models()
    for (index, parameter) in models.tuned.parameters.enumerated() where index % 3 != 0 {
      let change = RandomSource(seed: 9, stream: UInt32(index)).normal(parameter.shape, step: 0).scaled(by: 0.01)
      parameter.assign(parameter.value.detached() + change)
    }

    let (control, other) = (try models.randomlyChanged(seed: 3), try models.randomlyChanged(seed: 4))

    let changes = [models.tuned, control, other].map { change(of: $0, from: models.baseline.vision) }
    for (index, learned) in changes[0].enumerated() {
      let length = dot(learned, learned).squareRoot()
      #expect(index % 3 == 0 ? length == 0 : length > 0)
      for random in [changes[1][index], changes[2][index]] {
        #expect(abs(dot(random, random).squareRoot() - length) <= 1e-4 * length)
      }
      #expect(length == 0 || changes[1][index] != changes[2][index])
    }
    // Two directions of n dimensions are nearly at right angles: their cosine deviates by 1/√n from 0.
    let (learned, random) = (changes[0].flatMap { $0 }, changes[1].flatMap { $0 })
    let dimensions = Double(learned.count { $0 != 0 })
    #expect(dimensions > 2000 && abs(dot(learned, random)) <= 4 / dimensions.squareRoot() * dot(learned, learned))
  }

  private func change(of tower: CLIPVisionTower, from baseline: CLIPVisionTower) -> [[Double]] {
    zip(tower.parameters, baseline.parameters).map { now, before in
      zip(now.value.values, before.value.values).map { Double($0) - Double($1) }
    }
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}
