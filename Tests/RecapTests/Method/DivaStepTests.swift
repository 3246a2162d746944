import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("One step in the open")
struct DivaStepTests {
  @Test("gives the context, prediction, loss and all gradients of the objective, and leaves none behind")
  func gradients() throws {
    let reference = try TrainingReference(.adamw)
    let (models, inputs) = (try reference.models(), try reference.firstInputs())

    let outputs = DivaStep(models: models).run(inputs)

    #expect(models.learning.allSatisfy { !$0.isTrainable && $0.gradient == nil })
    models.learning.forEach { $0.isTrainable = true }
    let answer = models.objective.answer(inputs)
    answer.loss.backward()
    #expect(outputs.loss == answer.loss.item)
    expect(outputs.noisePrediction, equals: answer.prediction, within: .exact)
    let names = models.tuned.parameters.map(\.name) + models.projectionByKey.map(\.key)
    let gradients = outputs.towerGradients + outputs.projectionGradients.map { ($0.key, $0.tensor) }
    #expect(gradients.map(\.0) == names)
    for ((name, gradient), parameter) in zip(gradients, models.learning) {
      expect(gradient, equals: try #require(parameter.gradient), within: .exact, name)
    }
    #expect(outputs.gradNorm == models.learning.gradientNorm())
  }

  @Test("can be given another prompt, which moves every token of the context alike")
  func prompt() throws {
    let reference = try TrainingReference(.adamw)
    let (models, inputs) = (try reference.models(), try reference.firstInputs())
    let own = DivaStep(models: models).run(inputs).context
    let prompt = try reference.fixture["prompt"]

    let other = DivaStep(models: models, promptEmbedding: prompt.scaled(by: 2)).run(inputs).context

    let mean = prompt.meanOverTokens().reshaped([prompt.shape[2]])
    expect(other, equals: own + mean, within: .relative(1e-6))
  }
}
