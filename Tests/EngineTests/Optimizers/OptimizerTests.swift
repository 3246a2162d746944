import TestSupport
import Testing

@testable import Engine

/// Against PyTorch; Tests/Reference/schedules.py wrote the fixture.
struct OptimizerTests {
  private let reference: ReferenceTensors
  private let first: Parameter
  private let second: Parameter

  init() throws {
    reference = try Reference.tensors("optimizers")
    first = Parameter(name: "first", value: try reference["first"])
    second = Parameter(name: "second", value: try reference["second"])
    first.isTrainable = true
    second.isTrainable = true
  }

  /// The fixture's gradients of one step; the second parameter has none before step 3.
  private func receiveGradients(_ step: Int) throws {
    try first.value.backward(arriving: reference["gradient.\(step).first"])
    if step >= 3 { try second.value.backward(arriving: reference["gradient.\(step).second"]) }
  }

  private func expectTenSteps(_ optimizer: some Optimizer, _ name: String, peak: Double, maximumNorm: Float?) throws {
    let schedule = LearningRateSchedule.cosine(peak: peak, warmup: 2, total: 10)
    let norms = try reference["\(name).norms"].values
    for step in 0..<10 {
      try receiveGradients(step)

      let norm = optimizer.step(learningRate: schedule.rate(at: step), maximumNorm: maximumNorm)

      #expect(abs(norm / norms[step] - 1) < 1e-6)
      expect(first.value, equals: try reference["\(name).\(step).first"], within: .relative(2e-6), "step \(step)")
      expect(second.value, equals: try reference["\(name).\(step).second"], within: .relative(2e-6), "step \(step)")
      #expect(first.gradient == nil && second.gradient == nil)
    }
    let state = optimizer.state
    #expect(Set(state.map(\.name)) == Set(reference.names.compactMap { stateName($0, of: name) }))
    for (key, tensor) in state {
      expect(tensor, equals: try reference["\(name).state.\(key)"], within: .relative(2e-6), key)
    }
  }

  private func stateName(_ fixture: String, of name: String) -> String? {
    fixture.hasPrefix("\(name).state.") ? String(fixture.dropFirst(name.count + 7)) : nil
  }

  @Test("ten steps of AdamW with groups agree with PyTorch")
  func adamW() throws {
    let groups = [ParameterGroup([first], weightDecay: 0.1), ParameterGroup([second], rateScale: 0.5)]

    let optimizer = AdamW(groups, betas: (0.8, 0.95), epsilon: 1e-6)

    try expectTenSteps(optimizer, "adamw", peak: 0.05, maximumNorm: nil)
  }

  @Test("ten steps of AdamW with clipped gradients agree with PyTorch")
  func clippedAdamW() throws {
    let groups = [ParameterGroup([first], weightDecay: 0.1), ParameterGroup([second], rateScale: 0.5)]

    try expectTenSteps(AdamW(groups), "adamw_clipped", peak: 0.05, maximumNorm: 1)
  }

  @Test("ten steps of SGD with momentum and clipped gradients agree with PyTorch")
  func sgd() throws {
    let groups = [ParameterGroup([first], weightDecay: 0.1), ParameterGroup([second], rateScale: 0.5)]

    try expectTenSteps(SGD(groups, momentum: 0.9), "sgd", peak: 0.1, maximumNorm: 1)
  }

  private struct Saved: TensorSource {
    var tensors: [String: Tensor]
    var tensorNames: [String] { tensors.keys.sorted() }
    func tensor(named name: String) -> Tensor? { tensors[name] }

    init(_ optimizer: some Optimizer) {
      tensors = Dictionary(uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
    }
  }

  private func run(_ steps: Range<Int>, _ optimizer: some Optimizer) throws {
    for step in steps {
      try receiveGradients(step)
      optimizer.step(learningRate: 0.01, maximumNorm: 1)
    }
  }

  private func expectResumption<Kind: Optimizer>(_ make: ([ParameterGroup]) -> Kind) throws {
    let groups = [ParameterGroup([first, second], weightDecay: 0.1)]
    let optimizer = make(groups)
    try run(0..<5, optimizer)
    let (weights, state) = ([first.value.copied(), second.value.copied()], Saved(optimizer))
    try run(5..<10, optimizer)
    let uninterrupted = [first.value.values, second.value.values]

    first.assign(weights[0].detached())
    second.assign(weights[1].detached())
    let resumed = make(groups)
    try resumed.restore(state, name: "checkpoint-5")
    try run(5..<10, resumed)

    #expect([first.value.values, second.value.values] == uninterrupted)
  }

  @Test("a resumed optimizer takes the very steps that the uninterrupted one takes")
  func resumption() throws {
    try expectResumption { AdamW($0) }
    try expectResumption { SGD($0) }
  }

  @Test("a state of other parameters, of another shape or with a part missing is refused")
  func refusedState() throws {
    let optimizer = AdamW([ParameterGroup([first])])
    try receiveGradients(0)
    optimizer.step(learningRate: 0.01)
    let good = Saved(optimizer)
    func message(_ change: (inout Saved) -> Void) throws -> String {
      var bad = good
      change(&bad)
      return try #require(throws: Problem.self) { try optimizer.restore(bad, name: "checkpoint-1") }.message
    }

    #expect(try message { $0.tensors["third.step"] = Tensor(scalar: 1) }.contains("third.step, which is not trained"))
    let endless = String(repeating: "a", count: 10_000)
    #expect(try message { $0.tensors[endless] = Tensor(scalar: 1) }.count < 300)
    #expect(try message { $0.tensors["first.exp_avg"] = Tensor(zeros: [2]) }.contains("first.exp_avg is (2)"))
    #expect(try message { $0.tensors["first.exp_avg_sq"] = nil }.contains("first is incomplete"))
    #expect(try message { $0.tensors["first.step"] = Tensor(scalar: .nan) }.contains("first is incomplete"))
  }

  @Test("a gradient that is not a number changes nothing and is told")
  func notANumber() throws {
    let before = first.value.values
    first.value.backward(arriving: Tensor(repeating: .nan, shape: first.shape))

    let norm = AdamW([ParameterGroup([first])]).step(learningRate: 0.1, maximumNorm: 1)

    #expect(norm.isNaN)
    #expect(first.value.values == before)
    #expect(first.gradient == nil)
  }

  @Test("the schedule warms up from 0 and follows transformers' cosine")
  func schedule() throws {
    let schedule = LearningRateSchedule.cosine(peak: 0.05, warmup: 2, total: 10)

    #expect((0..<10).map(schedule.rate) == (try reference["adamw.rates"]).values)
  }

  @Test("the schedule peaks after its warm-up, is halved midway to the end and stays at 0 behind it")
  func longSchedule() {
    let schedule = LearningRateSchedule.cosine(peak: 1e-4, warmup: 23, total: 4600)

    #expect(schedule.rate(at: 0) == 0)
    #expect(schedule.rate(at: 23) == 1e-4)
    #expect(abs(schedule.rate(at: 23 + 4577 / 2) - 0.5e-4) < 1e-7)
    #expect(schedule.rate(at: 4600) == 0)
    #expect(schedule.rate(at: 9999) == 0)
    #expect(LearningRateSchedule.constant(0.25).rate(at: 12345) == 0.25)
  }
}
