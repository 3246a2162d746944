import Engine
import Foundation
import Recap
import Terminal

/// What the explorer shows at first.
package struct OpeningView: Sendable {
  /// A pair's number, counted from 1.
  var pair: Int?
  /// The step of an evaluation.
  var step: Int?
  /// A file to reconstruct.
  var image: String?

  package init(pair: Int? = nil, step: Int? = nil, image: String? = nil) {
    (self.pair, self.step, self.image) = (pair, step, image)
  }

  /// Refuses what a run's log, or the disk, does not have; what is not known yet is said on the screen.
  package func check(_ runs: FoundRuns) throws {
    if let image, !FileManager.default.fileExists(atPath: image) {
      throw Problem("there is no image \(image)", advice: "name a PNG, JPEG or WebP file")
    }
    guard pair != nil || step != nil else { return }
    guard let run = runs.folders.first else {
      throw Problem(
        "--pair and --step open what diva-tui recorded of a run; \(runs.runs.first?.path ?? "this run") is another program’s",
        advice: "leave them out")
    }
    let history = try run.history()
    if let step {
      let steps = history.evaluations.map(\.step)
      guard let first = steps.first, let last = steps.last else {
        throw Problem("--step \(step): \(run.path) has no evaluation yet", advice: "leave --step out")
      }
      guard (first...last).contains(step) else {
        throw Problem(
          "--step \(step): \(run.path) has no evaluation there",
          advice:
            "its \(steps.count.counted("evaluation")) \(steps.count == 1 ? "is of step \(first)" : "are of steps \(first) to \(last)")"
        )
      }
    }
    if let pair, let count = history.predictions.last?.pairs, pair > count {
      throw Problem("--pair \(pair): \(run.path) has no such pair", advice: "they have the numbers 1 to \(count)")
    }
  }

  /// Gives the work that it asks for.
  func apply(to state: inout ExplorerState) -> [Work] {
    state.step = step
    if let image {
      state.screen = ReconstructScreen.self
      return [.openImage(image)]
    }
    return pair.map { PairsScreen.go(to: $0, &state) } ?? []
  }
}

/// The explorer on a person's terminal, from the first frame to the shell prompt.
package enum InteractiveExplorer {
  /// What the explorer is opened on.
  package enum Subject: Sendable {
    /// Models to look at and to train, or a run to resume; the mini world's training begins at once.
    case models(SessionOptions)
    /// Finished or live runs, at least one that can be opened, to look at.
    ///
    /// With the models that are looked at beside a run of another program, where they were named.
    case runs(FoundRuns, SessionOptions? = nil)
  }

  /// How it looks; nil is what the person's settings say, or the terminal.
  package struct Look: Sendable {
    package var graphics: Graphics?
    package var markers: Markers?
    /// Whether colours are for a light ground.
    package var isLight: Bool?

    package init(graphics: Graphics? = nil, markers: Markers? = nil, isLight: Bool? = nil) {
      (self.graphics, self.markers, self.isLight) = (graphics, markers, isLight)
    }
  }

  /// Runs until the person quits; throws `Interrupted` after a signal.
  ///
  /// Throws a `Problem` when this terminal cannot be used. What goes wrong later is shown on the screen.
  @MainActor
  package static func run(_ subject: Subject, look: Look = Look(), view: OpeningView = OpeningView()) throws {
    let environment = ProcessInfo.processInfo.environment
    let settingsPath = Settings.path(environment)
    let read = Result { try Settings(reading: settingsPath) }
    let before = (try? read.get()) ?? Settings()
    var capabilities = TerminalCapabilities.ask(environment: environment)
    if let isLight = look.isLight ?? before.isLight { capabilities.isLight = isLight }
    let mailbox = Mailbox()
    // Words go there that would tear the screen.
    let log = try StateFolder(environment).made() + "/explorer.log"
    let terminal = try CursesTerminal(capabilities: capabilities, log: log, wake: mailbox.wakeSink)
    var state = ExplorerState()
    state.isLight = capabilities.isLight
    state.offer(capabilities.graphicsChoices)
    state.apply(before)
    if let graphics = look.graphics { (state.graphics, state.areGraphicsChosen) = (graphics, true) }
    if let markers = look.markers { state.markers = markers }
    if case .failure(let error) = read { state.report(Problem(error)) }
    switch subject {
    case .models(let options):
      // Who brings pairs wants to see the answers.
      if options.mmvp != nil, options.resumes == nil { state.screen = PairsScreen.self }
    case .runs:
      state.runs.areExpected = true
      state.open(before.screen)
    }
    let work = view.apply(to: &state)
    let chosen = state.settings(from: before)
    let runner = runner(subject, mailbox, environment)
    let loop = ExplorerLoop(terminal: terminal, runner: runner, state: state, mailbox: mailbox)
    let ending = loop.run(starting: work)
    // What options said holds for one session; a file that could not be read is the person's to mend.
    let kept = before.taking(changesFrom: chosen, to: loop.state.settings(from: before))
    if case .success = read, kept != before { try? kept.write(to: settingsPath) }
    // The terminal is the person's again. Large models take minutes for the piece of work that is on: a run is worth
    // them, answers are not.
    if !runner.close(within: 0.5) {
      guard loop.state.isTraining else { _exit(ending.status) }
      TerminalOutput.write(
        Array("diva-tui: finishing the step and saving the run; the third Ctrl-C ends at once\n".utf8),
        to: STDERR_FILENO)
      _ = runner.close(within: .infinity)
    }
    if let folder = loop.state.trainedFolder { TerminalOutput.write(Array("run: \(folder)\n".utf8), to: STDOUT_FILENO) }
    if case .signal(let signal) = ending { throw signal }
  }

  private static func runner(
    _ subject: Subject, _ mailbox: Mailbox, _ environment: [String: String]
  ) -> SessionRunner {
    SessionRunner(failed: { mailbox.post(.activity(SessionActivity(status: .failed($0)))) }) { next, isClosing in
      let session: any Session =
        switch subject {
        case .models(let options): ModelSession(options, isClosing: isClosing) { mailbox.post($0) }
        case .runs(let found, let models):
          RunsSession(
            found.folders, foreign: found.foreign, models: models, damaged: found.damaged, environment: environment,
            isClosing: isClosing
          ) { mailbox.post($0) }
        }
      try session.work(next: next)
    }
  }

  // MARK: - One frame

  /// The frame that runs have when all that is on it is there, on a sheet of `size` cells.
  ///
  /// - Parameter screen: the title of the screen, in small letters; nil is the first.
  /// - Parameter patience: what is not there by then is left out.
  @MainActor
  package static func frame(
    of runs: FoundRuns, models: SessionOptions? = nil, screen: String?, size: Size, look: Look = Look(),
    view: OpeningView = OpeningView(),
    patience: Duration = .seconds(60)
  ) throws -> Canvas {
    let mailbox = Mailbox()
    var state = ExplorerState()
    state.graphics = look.graphics ?? .kitty
    if let markers = look.markers { state.markers = markers }
    let wanted = Explorer.screens.first { $0.title.lowercased() == screen?.lowercased() }
    guard screen == nil || wanted != nil else {
      let titles = Explorer.screens.map { $0.title.lowercased() }.joined(separator: ", ")
      throw Problem("there is no screen “\(screen ?? "")”", advice: "the screens are \(titles)")
    }
    state.runs.areExpected = true
    let work = view.apply(to: &state)
    let runner = runner(.runs(runs, models), mailbox, ProcessInfo.processInfo.environment)
    let terminal = SheetTerminal(size: size, patience: patience) { runner.isAtRest }
    let loop = ExplorerLoop(terminal: terminal, runner: runner, state: state, mailbox: mailbox)
    let key = wanted.map { Character("\($0.number)") }
    let ending = loop.run(starting: work, pressing: key.map { [.character($0)] } ?? [])
    if case .signal(let signal) = ending { throw signal }
    _ = runner.close(within: 10)
    return terminal.frame
  }
}
