import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("DIVA's objective")
struct DivaObjectiveTests {
  @Test(
    "draws the noise, timesteps and patches that Python draws, and makes PyTorch's context, prediction and loss of them",
    arguments: [TrainConfiguration.OptimizerKind.adamw, .sgd])
  func reference(optimizer: TrainConfiguration.OptimizerKind) throws {
    let reference = try TrainingReference(optimizer)
    let (it, objective) = (reference.fixture, try reference.models().objective)

    let inputs = try reference.firstInputs()
    #expect(inputs.draw.timesteps == (try it.integers("first.timesteps")))
    #expect(inputs.patches?.flatMap { $0 } == (try it.integers("first.patches")))
    expect(inputs.draw.noise, equals: try it["first.noise"], within: .relative(1e-6))

    let context = objective.context(inputs)
    let answer = objective.answer(inputs)
    expect(context, equals: try it["first.context"], within: .relative(1e-6))
    expect(answer.prediction, equals: try it["first.prediction"], within: .relative(2e-6))
    expect(answer.loss, equals: try it["first.loss"], within: .relative(1e-6))
    #expect(answer.loss.values == objective.answer(inputs, context: context).loss.values)
  }

  @Test("gives each image another one's condition in the shuffled control, the noise unchanged")
  func shuffled() throws {
    let reference = try TrainingReference(.adamw)
    let objective = try reference.models().objective
    let plain = try reference.firstInputs()
    var shuffled = plain
    shuffled.conditionOrder = [2, 0, 1]

    let (own, others) = (objective.context(plain), objective.context(shuffled))

    #expect(others.values == own.gatherImages([2, 0, 1]).values)
    #expect(objective.answer(shuffled).loss.values == objective.answer(plain, context: others).loss.values)
    #expect(objective.answer(shuffled).loss.item != objective.answer(plain).loss.item)
  }

  /// Along a random direction d of length 1 through all weights of tower and projection, the loss L must change as its
  /// gradient g says: D(h) = (L(h) − L(−h)) / 2h = g·d + c·h² + O(h⁴) + rounding / h.
  ///
  /// The squares are summed in double; what remains is the rounding of the predictions to Float32, which moves L by some
  /// 5e-8 and D(0.1) by 5e-7, beside a g·d of 1e-3 to 5e-3. (4·D(h/2) − D(h)) / 3 has no c·h² (Richardson); its h⁴ was
  /// 1e-6 at h = 0.3.
  @Test("has the gradient that finite differences of the whole step find, over all weights at once", arguments: 0..<4)
  func gradient(direction: Int) throws {
    let reference = try TrainingReference(.adamw)
    let models = try reference.models()
    let (inputs, learning) = (try reference.firstInputs(), models.learning)
    learning.forEach { $0.isTrainable = true }
    models.objective.answer(inputs).loss.backward()
    let gradients = try learning.map { try #require($0.gradient).values }
    let way = randomDirection(direction, over: learning)
    let slope = zip(gradients, way).reduce(0.0) { sum, pair in
      zip(pair.0, pair.1).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
    }
    let begin = learning.map { $0.value.detached().copied() }

    func loss(at length: Float) -> Double {
      for (parameter, (start, step)) in zip(learning, zip(begin, way)) {
        parameter.assign(Tensor(zip(start.values, step).map { $0 + length * $1 }, shape: start.shape))
      }
      let prediction = withoutGradient { models.objective.answer(inputs).prediction }
      let squares = zip(prediction.values, inputs.draw.noise.values).map { (Double($0) - Double($1)) }
      return squares.reduce(0) { $0 + $1 * $1 } / Double(squares.count)
    }
    func difference(_ h: Float) -> Double { (loss(at: h) - loss(at: -h)) / (2 * Double(h)) }

    for h: Float in [0.3, 0.2] {
      let found = (4 * difference(h / 2) - difference(h)) / 3
      #expect(abs(found - slope) <= 2e-6, "by steps of \(h): \(found), the gradient says \(slope)")
    }
    #expect(abs(slope) > 5e-4)
  }

  /// Normal numbers for every weight, scaled to length 1 altogether.
  private func randomDirection(_ number: Int, over parameters: [Parameter]) -> [[Float]] {
    let random = RandomSource(seed: 99, stream: UInt32(number))
    let numbers = parameters.enumerated().map { random.normal($1.shape, step: $0).values }
    let length = numbers.joined().reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return numbers.map { $0.map { $0 / Float(length) } }
  }
}
