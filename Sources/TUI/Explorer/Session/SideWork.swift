import Engine
import Recap

/// What the work beside a run's training needs of the run on the screens.
protocol ShownRun: AnyObject {
  /// Where the run lies; empty before it has begun.
  var path: String { get }
  var pairFiles: PairFiles { get }
  /// nil while the models are not open.
  var workspace: Workspace? { get }
  /// Has the features of the newest evaluation; nil where only their answers are known.
  var newestScoring: GradualScoring? { get }
  /// nil while the models or the pairs are not open.
  func subject() throws -> SideWork.Subject?
}

/// What a person asks beside a run's training: the nearest pairs, what the denoiser knows of a pair, the weights between
/// baseline and tuned, a sweep, files about pairs.
final class SideWork {
  /// The models and the pairs that the answers are about.
  struct Subject {
    let workspace: Workspace
    let benchmark: PairBenchmark
    /// Gives the models of a recorded step, or those that the run has now.
    let source: ReconstructionJob.Sources
    let seed: UInt64
    /// Which pairs `benchmark` has.
    let scored: ScoredPairs
    /// Whether the run goes on learning.
    let isLearning: Bool
    /// α of the tower that the run has after so many steps.
    let keptShare: (_ step: Int) -> Double
    /// The run that those of a sweep are like, and a log that tells what a step takes on this machine.
    let template: () throws -> (run: RunDescription, history: RunHistory?)
  }

  private let report: Reporter
  private let environment: [String: String]
  private let isClosing: () -> Bool
  private var neighbours: NeighbourJob?
  private var teacher: TeacherJob?
  private var blend: BlendJob?
  private var sweep: SweepJob?

  init(_ report: Reporter, environment: [String: String], isClosing: @escaping () -> Bool) {
    (self.report, self.environment, self.isClosing) = (report, environment, isClosing)
  }

  /// The job that has something to do; a sweep comes last.
  func waiting(withSweep: Bool = true) -> (any BackgroundJob)? {
    let jobs: [(any BackgroundJob)?] = [neighbours, teacher, blend, withSweep ? sweep : nil]
    return jobs.compactMap(\.self).first(where: \.isWaiting)
  }

  /// Takes such work up; what goes wrong is shown, and nothing else depends on it.
  func handle(_ work: Work, on shown: some ShownRun) {
    report.attempt {
      switch work {
      case .findNeighbours(let place, let step, let mayEncode):
        try findNeighbours(of: place, step: step, mayEncode: mayEncode, shown)
      case .askTeacher(let place):
        let rows = shown.pairFiles.pairs
        if rows.indices.contains(place) { try askTeacher(about: rows[place], shown.workspace) }
      case .cancelInquiries:
        neighbours?.cancel()
        teacher?.cancel()
      case .blend(let step, let alpha): try score(alpha, step: step, shown)
      case .cancelBlend: blend?.cancel()
      case .keepBlend(let alpha, let step, let path):
        if let blend, blend.request == step { blend.keep(alpha, run: shown.path, at: path) }
      case .planSweep(let plan): try begin(plan, shown)
      case .startSweep: sweep?.start()
      case .cancelSweep: try sweep?.cancel()
      case .keepNote(let note, let number): try shown.pairFiles.keep(note, about: number)
      default: try shown.pairFiles.write(work, mini: try? Assets.mini(environment: environment))
      }
    }
  }

  /// The program ends.
  func end() throws { try sweep?.end() }

  /// The run's tuned CLIP has become another.
  func forgetTuned() { neighbours = nil }

  /// The run has become another.
  func forgetRun() { (neighbours, blend) = (nil, nil) }

  /// The run has become another, on other models.
  func forgetModels() { (neighbours, teacher, blend) = (nil, nil, nil) }

  /// Asks the diffusion model which statement is true of each image of a pair.
  private func askTeacher(about row: PairRow, _ workspace: Workspace?) throws {
    guard row.images.count == 2, row.pair.shape == .square else {
      throw Problem(
        "the diffusion model has no verdict on this pair: there are not two images with a statement each")
    }
    guard let workspace else { throw Problem("the diffusion model has no verdict: it is not open") }
    let job = teacher ?? TeacherJob(workspace, environment: environment, report: report)
    teacher = job
    job.ask(about: row)
  }

  /// Reports the pairs that are nearest to the one at a place.
  ///
  /// - Parameter mayEncode: encodes the images where their features are not known.
  private func findNeighbours(of place: Int, step: Int?, mayEncode: Bool, _ shown: some ShownRun) throws {
    if step == nil, let known = shown.newestScoring, known.areImagesKnown {
      guard known.benchmark.pairs.indices.contains(place) else { return }
      return report.post(.neighbours(PairNeighbours(of: place, in: known, step: nil)))
    }
    if let neighbours, neighbours.request == step { return neighbours.look(at: place) }
    guard mayEncode else { return }
    guard let subject = try shown.subject(), let source = subject.source(step) else {
      throw Problem("the nearest pairs cannot be found: the models or the pairs are not open")
    }
    let workspace = subject.workspace
    let cache = FeatureCache(weights: [workspace.clipPath], environment: environment)
    // The tower that a run trains, or that other steps are looked at with, changes meanwhile.
    let tuned = try source.reconstructor.models.tuned.copied()
    neighbours = NeighbourJob(
      GradualScoring(
        subject.benchmark, by: [(workspace.clip.vision, cache), (tuned, nil)], preprocessing: workspace.preprocessing,
        feature: workspace.backbone.benchmark, seeds: [subject.seed]), request: step, report: report)
    neighbours?.look(at: place)
  }

  /// Scores the weights between baseline and tuned.
  private func score(_ alpha: Double?, step: Int?, _ shown: some ShownRun) throws {
    guard let subject = try shown.subject(), let source = subject.source(step) else {
      throw Problem("the weights cannot be scored: the models or the pairs are not open")
    }
    // A run that goes on learns meanwhile.
    if blend == nil || blend?.request != step || blend?.step != source.step && !subject.isLearning {
      blend = BlendJob(
        try WeightBlend(
          source.reconstructor.models, kept: subject.keptShare(source.step),
          evaluator: subject.workspace.evaluator(subject.scored, subject.benchmark, seed: subject.seed),
          step: source.step), request: step, report: report)
    }
    blend?.go(on: alpha)
  }

  private func begin(_ plan: SweepPlan, _ shown: some ShownRun) throws {
    guard let subject = try shown.subject() else {
      throw Problem("nothing can be trained: the models or the pairs are not open")
    }
    try sweep?.cancel()
    let (run, history) = try subject.template()
    sweep = try SweepJob(
      plan, like: run, history, on: subject.workspace, pairs: subject.benchmark,
      in: StateFolder(environment).newSweep(), environment: environment, isClosing: isClosing, report: report)
  }
}
