import Engine
import Terminal

/// Everything that can happen to the explorer: keys, time, and what the trainer tells.
enum ExplorerEvent: Equatable, Sendable {
  case key(Key)
  /// The explorer's clock, about once a second.
  case tick(seconds: Double)
  case plan(RunPlan)
  case status(TrainingStatus)
  case point(TrainPoint)
  /// A step of the projection alone.
  case alignPoint(TrainPoint)
  /// All that was heard of these takes the place of what was known.
  case curves(aligning: [TrainPoint], points: [TrainPoint], evaluations: [Evaluation])
  case evaluation(Evaluation)
  case samples([Picture])
  case reconstruction(Reconstruction)
  /// All pairs, with the newest answers.
  case pairs([PairRow])
  /// All densities, with what was measured so far, and the one in use.
  case densities([DensityInfo], current: String)
  /// All parts that are opened, as they are now.
  case opening([OpeningPart])
  /// How far the answers to the pairs are; nil when all are known.
  case scoring(WorkProgress?)
  /// How far an evaluation is with pictures of single things; nil when none is on.
  case naming(WorkProgress?)
  /// What is being rebuilt, or was left off; nil when it is done.
  case rebuilding(RebuildProgress?)
  /// What a run costs here, as far as it is known.
  case cost(RunCost)
  /// How many of a step's micro-batches are done, where it has several; nil between steps.
  case stepping(WorkProgress?)
  /// Bytes of memory in use.
  case memory(Int)
  /// Why there is nothing to rebuild; nil when that is over.
  case absence(String?)
  /// All runs that can be opened, as they are now.
  case runs([RunRow])
  /// Another run was opened: what follows is about it.
  case opened(run: Int)
  /// The weights of this step are on disk.
  case saved(step: Int)
  /// Something that was asked for could not be done; training goes on.
  case problem(Problem)
}

/// What the explorer asks for. A value, so that a test can say which work was asked for.
enum Work: Equatable, Sendable {
  case startTraining, pause, resume, stop
  /// To what a run costs: go on, or rather not.
  case agree, goBack
  case setDensity(String)
  /// Rebuild an image; from then on also whenever the trainer evaluates, until another one is asked for.
  case reconstruct(imageIndex: Int, timestep: Int)
  /// Leave off what is being rebuilt.
  case cancelRebuilding
  /// Pairs are looked at.
  case loadPairs
  case openRun(Int)
  /// These three are done by the loop itself, the others by its runner.
  case repaint, suspend, quit
}

/// Does the explorer's work, off the drawing thread, and posts what comes of it.
protocol WorkRunner: Sendable {
  /// Starts the work and returns at once.
  func run(_ work: Work, post: @escaping @Sendable (ExplorerEvent) -> Void)
}
