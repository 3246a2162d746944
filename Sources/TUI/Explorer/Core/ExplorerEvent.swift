import Engine
import Recap
import Terminal

/// Everything that can happen to the explorer: keys, time, and what its session reports.
enum ExplorerEvent: Equatable, Sendable {
  case key(Key)
  /// What lies under it on the frame that is shown; nil for nothing.
  case mouse(Mouse, on: MouseTarget?)
  /// Pasted text, as it came.
  case paste(String)
  /// How pictures can be shown here, the best first, as the terminal has answered by now.
  case graphics([Graphics])
  /// The explorer's clock, about once a second, and the bytes of memory in use; nil where the system does not say.
  case tick(seconds: Double, memory: Int? = nil)
  /// The run that the screens show from now on, as it stands.
  case opened(OpenedRun)
  /// The next entry of that run's log.
  case log(LogEntry)
  /// What the session does now.
  case activity(SessionActivity)
  /// The images that can be reconstructed.
  case samples([Picture])
  /// One more of them: a pair's.
  case pairSample(PairPicture, Picture)
  /// One more: a file that a person named, and now looks at.
  case sample(Picture)
  case reconstruction(Reconstruction)
  /// A picture that another program recorded, as it is to be shown.
  case logged(LoggedPicture)
  /// The steps whose towers were recorded, as they are now.
  case towers([Int])
  /// All pairs, with the newest answers.
  case pairs([PairRow])
  /// Of what benchmark they are; nil for the mini world's.
  case benchmark(BenchmarkSize?)
  /// All runs that can be opened, as they are now.
  case runs([RunRow])
  /// What was noted about the pairs.
  case notes(PairNotes)
  /// What the weights between baseline and tuned get right, as far as is known.
  case blend(BlendCurve)
  /// Which patches of a pair speak for which statement.
  case evidence(EvidenceOverlay)
  /// Which pairs are nearest to one.
  case neighbours(PairNeighbours)
  /// What the diffusion model makes of a pair.
  case verdict(PairVerdict)
  /// How far a sweep is.
  case sweep(SweepTable)
  /// What the default plan comes to with each density, as it is shipped with the models; nil with others.
  case densityReference(SweepTable?)
  /// What is loaded.
  case models([ModelFacts])
  /// A request was done: a sentence.
  case said(String)
  /// A request failed; training goes on.
  case problem(Problem)

  /// Whether it shows that the run's session is alive.
  var isNews: Bool {
    switch self {
    case .opened, .log, .activity, .samples, .pairSample, .sample, .reconstruction, .pairs, .blend, .logged: true
    case .key, .mouse, .paste, .graphics, .tick, .runs, .towers, .problem, .notes, .evidence, .models, .said,
      .benchmark, .neighbours, .verdict, .sweep, .densityReference:
      false
    }
  }
}
