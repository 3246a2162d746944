import Engine
import Recap

/// What a person asks the models about pairs.
final class PairInquiries {
  /// The models and the pairs that the answers are about.
  struct Subject {
    let workspace: Workspace
    let benchmark: PairBenchmark
    /// Gives the models of a recorded step, or those that the run has now.
    let source: ReconstructionJob.Sources
    let seed: UInt64
  }

  private let report: Reporter
  private let environment: [String: String]
  private var neighbours: NeighbourJob?
  private var teacher: TeacherJob?

  init(_ report: Reporter, environment: [String: String]) { (self.report, self.environment) = (report, environment) }

  /// The job that has something to do.
  var waiting: (any BackgroundJob)? {
    let jobs: [(any BackgroundJob)?] = [neighbours, teacher]
    return jobs.compactMap(\.self).first(where: \.isWaiting)
  }

  /// Takes up work about pairs; what goes wrong is shown, and nothing else depends on it.
  ///
  /// - Parameters:
  ///   - rows: the pairs on the screen.
  ///   - known: has the features of the newest evaluation.
  func handle(
    _ work: Work, rows: @autoclosure () -> [PairRow], _ workspace: Workspace?, known: GradualScoring? = nil,
    _ subject: () throws -> Subject?
  ) {
    report.attempt {
      switch work {
      case .findNeighbours(let place, let step, let mayEncode):
        try findNeighbours(of: place, step: step, mayEncode: mayEncode, known: known, subject)
      case .askTeacher(let place):
        let rows = rows()
        if rows.indices.contains(place) { try askTeacher(about: rows[place], workspace) }
      default: cancel()
      }
    }
  }

  private func cancel() {
    neighbours?.cancel()
    teacher?.cancel()
  }

  /// The run's tuned CLIP has become another.
  func forget() { neighbours = nil }

  /// The run has become another, perhaps on other models.
  func forgetModels() { (neighbours, teacher) = (nil, nil) }

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
  /// - Parameters:
  ///   - mayEncode: encodes the images where their features are not known.
  ///   - known: has the features of the newest evaluation.
  private func findNeighbours(
    of place: Int, step: Int?, mayEncode: Bool, known: GradualScoring?, _ subject: () throws -> Subject?
  ) throws {
    if step == nil, let known, known.areImagesKnown {
      guard known.benchmark.pairs.indices.contains(place) else { return }
      return report.post(.neighbours(PairNeighbours(of: place, in: known, step: nil)))
    }
    if let neighbours, neighbours.request == step { return neighbours.look(at: place) }
    guard mayEncode else { return }
    guard let subject = try subject(), let source = subject.source(step) else {
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
}
