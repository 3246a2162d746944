import Engine
import Recap
import Terminal

/// What the screens show: the run, what the session does, pictures and pairs.
struct Feed: Equatable, Sendable {
  var run = OpenedRun()
  var session = SessionActivity()
  /// The images that can be reconstructed.
  var samples: [Picture] = []
  /// Which of them are pictures of pairs.
  var pairSamples: [PairPicture: Int] = [:]
  /// The last reconstruction of each image and timestep.
  var reconstructions: [Reconstruction] = []
  /// Pictures that another program recorded, by their tags.
  private(set) var logged: [LoggedPicture] = []
  private(set) var pairs: [PairRow] = []
  /// Of what benchmark the pairs are; nil for the mini world's.
  var benchmark: BenchmarkSize?
  /// What guessing gets of them, as a part of one.
  private(set) var chance = 0.25
  /// What is chosen in them. Counted once: a frame must not cost more with many pairs.
  private(set) var choice = Choice.ownPicture

  enum Choice { case ownPicture, statement, picture, mixed }
  /// When the session last reported, on the explorer's clock.
  var lastNews = 0.0

  var history: RunHistory { run.history }

  /// What can be gone through on Reconstruct.
  var imageCount: Int { samples.isEmpty ? logged.count : samples.count }

  /// Whether a run is under way here that is saved when the program ends.
  var isTraining: Bool { session.status == .running || session.status == .paused }

  /// Whether quitting ends a run that has begun.
  var wouldStop: Bool { isTraining && !history.steps.isEmpty }

  /// The evaluation that is on: done and all, in pairs or images.
  var evaluating: (done: Int, all: Int, what: String)? {
    guard session.status == .running else { return nil }
    // A pair has two images, and both models answer it.
    if let scoring = session.scoring { return (scoring.done / 4, max(scoring.all / 4, 1), "pairs") }
    return session.zeroShot.map { ($0.done, $0.all, "images") }
  }

  mutating func take(_ pairs: [PairRow]) {
    (self.pairs, chance) = (pairs, pairs.lazy.map(\.pair).chance)
    let choices = Set(pairs.lazy.map { Choice($0.pair.shape) })
    choice = choices.count > 1 ? .mixed : choices.first ?? .ownPicture
  }

  /// Takes the picture of a tag in the place of the one that was shown.
  mutating func take(_ picture: LoggedPicture) {
    if let at = logged.firstIndex(where: { $0.tag == picture.tag }) {
      logged[at] = picture
    } else {
      logged.insert(picture, at: logged.firstIndex { $0.tag > picture.tag } ?? logged.count)
    }
  }

  mutating func forgetLogged() { logged = [] }

  /// "25 %", "33.3 %".
  var chanceText: String {
    let percent = 100 * chance
    return "\(percent.text(decimals: abs(percent - percent.rounded()) < 0.05 ? 0 : 1)) %"
  }

  /// - Parameter step: of the recorded tower; nil for the one that the run has now.
  func reconstruction(
    of imageIndex: Int, timestep: Int, density: RecapDensity, step: Int? = nil
  ) -> Reconstruction? {
    reconstructions.first { $0.isAt(imageIndex, timestep, density, recorded: step) }
  }

  mutating func take(_ new: Reconstruction) {
    reconstructions.removeAll {
      $0.isAt(new.imageIndex, new.timestep, new.density, recorded: new.isRecorded ? new.step : nil)
    }
    reconstructions.append(new)
    // The oldest go: large pictures soon fill the memory.
    reconstructions.removeFirst(max(0, reconstructions.count - Self.capacity(of: new.original)))
  }

  /// So many reconstructions of this size are kept, of four pictures each: all levels of a default run's steps in the
  /// mini world. More would let the program grow for hours while somebody looks around.
  static func capacity(of picture: Picture) -> Int {
    max(24, 8_000_000 / (4 * 3 * max(picture.width * picture.height, 1)))
  }
}

extension Feed.Choice {
  fileprivate init(_ shape: ImagePair.Shape) {
    switch shape {
    case .square: self = .ownPicture
    case .statements: self = .statement
    case .images: self = .picture
    }
  }
}
