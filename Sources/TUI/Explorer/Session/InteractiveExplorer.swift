import Engine
import Foundation
import Recap
import Terminal

/// The explorer on a person's terminal, from the first frame to the shell prompt.
package enum InteractiveExplorer {
  /// What the explorer is opened on.
  package enum Subject: Sendable {
    /// Models to look at and to train, or a run to resume; the mini world's training begins at once.
    case models(SessionOptions)
    /// Finished or live runs, at least one, to look at.
    case runs([RunFolder])
  }

  /// Runs until the person quits; throws `Interrupted` after a signal.
  ///
  /// - Parameter graphics: how pictures are shown; nil lets the terminal decide.
  /// Throws a `Problem` when this terminal cannot be used. What goes wrong later is shown on the screen.
  @MainActor
  package static func run(_ subject: Subject, graphics: Graphics? = nil) throws {
    let environment = ProcessInfo.processInfo.environment
    let capabilities = TerminalCapabilities.ask(environment: environment)
    let mailbox = Mailbox()
    // Words go there that would tear the screen.
    let log = try StateFolder(environment).made() + "/explorer.log"
    let terminal = try CursesTerminal(capabilities: capabilities, log: log, wake: mailbox.wakeSink)
    var state = ExplorerState()
    state.graphics = graphics ?? capabilities.graphics
    state.graphicsChoices = capabilities.graphicsChoices
    // Who brings pairs wants to see the answers.
    if case .models(let options) = subject, options.mmvp != nil, options.resumes == nil {
      state.screen = PairsScreen.self
    }
    let runner = SessionRunner(failed: { mailbox.post(.activity(SessionActivity(status: .failed($0)))) }) {
      next, isClosing in
      let session: any Session =
        switch subject {
        case .models(let options): ModelSession(options, isClosing: isClosing) { mailbox.post($0) }
        case .runs(let folders):
          RunsSession(folders, environment: environment, isClosing: isClosing) { mailbox.post($0) }
        }
      try session.work(next: next)
    }
    let loop = ExplorerLoop(terminal: terminal, runner: runner, state: state, mailbox: mailbox)
    let ending = loop.run()
    // The terminal is the person's again. Large models take minutes for the piece of work that is on: a run is worth
    // them, answers are not.
    if !runner.close(within: 0.5) {
      guard loop.state.isTraining else { _exit(ending.status) }
      TerminalOutput.write(
        Array("diva-tui: finishing the step and saving the run; the third Ctrl-C ends at once\n".utf8),
        to: STDERR_FILENO)
      _ = runner.close(within: .infinity)
    }
    if case .signal(let signal) = ending { throw signal }
  }
}
