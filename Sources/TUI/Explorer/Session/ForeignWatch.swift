import Engine
import Foundation
import Recap
import Terminal

/// Follows runs of other programs, beside this program's runs, and shows one of them on the screens.
final class ForeignWatch {
  private var runs: [FollowedForeignRun]
  private let report: Reporter
  /// The run that the screens show; nil while they show another one.
  private var opened: Int?
  /// What its pictures are shown at, and which are.
  private var step: Int?
  private var shown: [PictureReport] = []
  /// The models to look at beside a run; nil where none were named.
  private let options: SessionOptions?
  private let isClosing: () -> Bool
  private var models: (session: ModelSession, weights: SavedWeights)?
  /// What the models' session says of them; nil before it does.
  private var looked: OpenedRun?

  /// More tags of pictures would fill the memory.
  private static let mostPictures = 64
  /// The side of the largest picture that is kept.
  private static let largestSide = 512

  /// - Parameter first: the first run's place in the list.
  /// - Parameter options: the models to look at beside a run, of which the tuned CLIP is the run's newest where none was
  ///   named.
  init(
    _ runs: [ForeignRun], first: Int, _ options: SessionOptions?, isClosing: @escaping () -> Bool, report: Reporter
  ) {
    (self.options, self.isClosing) = (options?.namesModels == true ? options : nil, isClosing)
    let names = runs.map(\.name)
    let areAlike = Set(names).count < names.count
    self.report = report
    self.runs = runs.enumerated().map { index, run in
      FollowedForeignRun(
        run, name: areAlike ? run.path.withoutControlCharacters() : names[index], number: first + index)
    }
  }

  var rows: [RunRow] { runs.map(\.row) }
  var isShown: Bool { opened != nil }
  private var run: FollowedForeignRun? { opened.map { runs[$0] } }

  /// Shows the run of this place in the list; false where that is none of these.
  func open(_ number: Int) -> Bool {
    opened = runs.firstIndex { $0.number == number }
    (models, looked) = (nil, nil)
    guard let opened else { return false }
    _ = runs[opened].look()
    (step, shown) = (nil, [])
    report.show(runs[opened])
    report.activity = SessionActivity(status: runs[opened].status)
    report.activity.absence = runs[opened].absence
    report.post(.samples([]))
    report.post(.pairs([]))
    report.post(.benchmark(nil))
    showPictures()
    openModels()
    return true
  }

  // MARK: - Models

  /// Looks at the newest weights of the run beside the CLIP that was named.
  private func openModels() {
    guard var options, let opened, let weights = Self.weights(options, runs[opened]), weights != models?.weights
    else { return }
    (options.tuned, options.onlyLooks) = (weights.path, true)
    let number = runs[opened].number
    let session = ModelSession(options, isClosing: isClosing) { [unowned self] event in
      if run?.number == number { take(event) }
    }
    models = (session, weights)
    session.begin()
  }

  /// Those that were named, or else the run's newest.
  private static func weights(_ options: SessionOptions, _ run: FollowedForeignRun) -> SavedWeights? {
    if let named = options.tuned { return SavedWeights(path: named, written: 0) }
    return SavedWeights.newest(in: run.run.path)
  }

  /// What the models' session reports, of which the run itself is none.
  private func take(_ event: ExplorerEvent) {
    switch event {
    case .opened(let other):
      looked = other
      show()
    case .activity(var activity):
      activity.status = run?.status ?? activity.status
      report.activity = activity
    case .log, .towers, .runs: break
    default: report.post(event)
    }
  }

  private func show() {
    guard var opened = run?.opened else { return }
    if let looked { opened.take(modelsOf: looked) }
    report.post(.opened(opened))
  }

  /// Seconds until there is something to do beside following.
  var pause: Double { isShown ? models?.session.pause ?? .infinity : .infinity }

  func advance() throws { try models?.session.advance() }

  /// Reads what is new in every run.
  func look() {
    for index in runs.indices {
      let planned = runs[index].run.plannedSteps
      let remarks = runs[index].run.remarks
      let news = runs[index].look()
      guard index == opened else { continue }
      openModels()
      for remark in runs[index].run.remarks where !remarks.contains(remark) { report.post(.problem(Problem(remark))) }
      report.activity.status = runs[index].status
      guard planned == runs[index].run.plannedSteps else {
        show()
        continue
      }
      for entry in news { report.post(.log(entry)) }
      if news.contains(where: { if case .picture = $0 { true } else { false } }) { showPictures() }
    }
  }

  func handle(_ work: Work) throws {
    guard let run else { return }
    switch work {
    case .reconstruct, .reconstructPair, .openImage, .cancelRebuilding, .loadPairs, .weighPatches, .findNeighbours,
      .askTeacher,
      .cancelInquiries, .blend, .cancelBlend, .keepBlend:
      if let models { return try models.session.handle(work) }
      if case .openImage(let path) = work {
        throw Problem(
          "cannot reconstruct \(path): no models are open beside this run", advice: "name them: --clip and --diffusion")
      }
    case .showLogged(let step):
      self.step = step
      showPictures()
    case .describeModels:
      if let models { try models.session.handle(work) } else { report.post(.models(run.models)) }
    case .write, .writeScreen: try PairFiles(report: report, folder: nil, pairs: []).write(work)
    case .writePage:
      throw Problem(
        "a page is written of runs that diva-tui trains; this one was recorded by \(run.run.program.rawValue)")
    default: break
    }
  }

  /// The pictures of the step that is looked at, those alone that are not shown already.
  private func showPictures() {
    guard let run else { return }
    let wanted = Array(run.run.history.scalars.pictures(upTo: step).prefix(Self.mostPictures))
    for picture in wanted where !shown.contains(picture) { report.post(.logged(Self.read(picture))) }
    shown = wanted
  }

  private static func read(_ picture: PictureReport) -> LoggedPicture {
    do {
      let image = try picture.image()
      let isLarge = max(image.width, image.height) > largestSide
      return LoggedPicture(
        tag: picture.tag, step: picture.step, picture: Picture(isLarge ? image.fitting(largestSide) : image))
    } catch {
      return LoggedPicture(tag: picture.tag, step: picture.step, picture: nil, reason: Problem(error).message)
    }
  }
}
