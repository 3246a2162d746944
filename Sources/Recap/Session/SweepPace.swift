import Engine

extension SweepCost {
  /// Seconds of one step of each stage, of a tuned CLIP's evaluation, and of what is scored when a run has ended.
  public struct Pace: Equatable, Sendable {
    public var aligning: Double
    public var training: Double
    public var evaluation: Double
    public var ending = 0.0
    /// Training time at the end of each step on the tower, where a whole run was measured.
    private var ends: [Double] = []

    public init(aligning: Double, training: Double, evaluation: Double) {
      (self.aligning, self.training, self.evaluation) = (aligning, training, evaluation)
    }

    /// Measures two steps of each stage, the faster one of which counts: the first makes what the next ones reuse. They
    /// change the models.
    public init(
      _ plan: TrainConfiguration, _ models: DivaModels, _ images: any TrainingImages, evaluation: Double
    ) throws {
      var short = plan
      (short.alignSteps, short.steps, self.evaluation) = (plan.alignSteps > 0 ? 2 : 0, 2, evaluation)
      try models.prepare(for: plan.feedback)
      let trainer = Trainer(short, models: models, images: images)
      func fastest() throws -> Double {
        let reports = try [trainer.step(), trainer.step()]
        return reports.map { Double(plan.batch * plan.accumulate) / $0.imagesPerSecond }.min() ?? 0
      }
      aligning = plan.alignSteps > 0 ? try fastest() : 0
      training = try fastest()
    }

    /// Of a run, by its log; nil where it took no step on the tower. Later steps are as long as those of its
    /// second half: the first ones encode latents that the others reuse.
    public init?(_ plan: TrainConfiguration, _ history: RunHistory, evaluation: Double = 0) {
      ends = history.steps(in: .train).map(\.seconds)
      guard let end = ends.last else { return nil }
      let firstStage = history.steps(in: .align).last?.seconds ?? 0
      let half = ends.count / 2
      aligning = plan.alignSteps > 0 ? firstStage / Double(plan.alignSteps) : 0
      training = (end - (half > 0 ? ends[half - 1] : firstStage)) / Double(ends.count - half)
      self.evaluation = evaluation
    }

    /// Whether it is that of a whole run, not of a few steps.
    public var isOfRun: Bool { !ends.isEmpty }

    /// Training time of a plan, the first stage included.
    public func seconds(_ plan: TrainConfiguration) -> Double {
      if ends.indices.contains(plan.steps - 1) { return ends[plan.steps - 1] }
      let measured = ends.last ?? Double(plan.alignSteps) * aligning
      return measured + Double(plan.steps - ends.count) * training
    }

    /// How many steps on the tower a plan's first stage leaves time for.
    public func steps(in seconds: Double, _ plan: TrainConfiguration) -> Int {
      let measured = ends.last ?? Double(plan.alignSteps) * aligning
      guard seconds > measured else { return ends.count { $0 <= seconds } }
      return ends.count + Int(((seconds - measured) / training).rounded())
    }
  }
}
