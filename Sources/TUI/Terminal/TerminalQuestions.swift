import Glibc

extension TerminalCapabilities {
  /// What this process's terminal can do: the environment first, then what the terminal itself answers.
  ///
  /// Blocks until it has answered, at most 0.2 s. Call before curses starts, and only when both ends are a terminal.
  package static func ask(environment: [String: String]) -> TerminalCapabilities {
    var capabilities = TerminalCapabilities(environment: environment)
    guard let window = TerminalWindow.current else { return capabilities }
    if isAsked(environment["TERM"]) {
      if let tmux = Tmux.current(environment) { capabilities.take(tmux) }
      capabilities.read(answers: capabilities.answersOfTerminal(), size: window.size)
    }
    if capabilities.cell == nil { capabilities.cell = cell(area: window.pixels, size: window.size) }
    return capabilities
  }

  /// Waits for answers that `ask` did not get, as long as a slow line takes; whether they came. The shell would show them.
  func answersLate(type: String) -> Bool {
    Self.isAsked(type) && isComplete(answersOfTerminal("", within: .milliseconds(1500)))
  }

  private static func isAsked(_ type: String?) -> Bool { type != "linux" && type != "dumb" }

  private func answersOfTerminal() -> [UInt8] { answersOfTerminal(questions, within: .milliseconds(200)) }

  private func answersOfTerminal(_ questions: String, within time: Duration) -> [UInt8] {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { return [] }
    var quiet = before
    cfmakeraw(&quiet)
    // A program that ended in between would leave the terminal raw.
    return EndingSignals.whileSaving {
      defer { tcsetattr(STDIN_FILENO, TCSANOW, &before) }
      tcsetattr(STDIN_FILENO, TCSANOW, &quiet)
      TerminalOutput.write(Array(questions.utf8))
      return answersToQuestions(within: time)
    }
  }

  private func answersToQuestions(within time: Duration) -> [UInt8] {
    var answers: [UInt8] = []
    let clock = ContinuousClock()
    let deadline = clock.now + time
    while !isComplete(answers) {
      let left = clock.now.duration(to: deadline) / .milliseconds(1)
      var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      guard left > 0, poll(&input, 1, Int32(left.rounded(.up))) > 0 else { break }
      var bytes = [UInt8](repeating: 0, count: 1024)
      let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
      if count <= 0 { break }
      answers += bytes.prefix(count)
    }
    return answers
  }
}

/// The window as the system knows it.
package struct TerminalWindow: Equatable {
  package var size: Size
  /// Zero where the terminal does not report it to the system; some count their border in.
  var pixels: PixelSize

  /// nil where standard output is no terminal. One without a size, as a serial line or a container that is only just
  /// attached, has 80 × 24 cells, as curses takes it.
  package static var current: TerminalWindow? {
    var window = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0 else { return nil }
    let hasSize = window.ws_col > 0 && window.ws_row > 0
    return TerminalWindow(
      size: hasSize ? Size(columns: Int(window.ws_col), rows: Int(window.ws_row)) : Size(columns: 80, rows: 24),
      pixels: PixelSize(width: Int(window.ws_xpixel), height: Int(window.ws_ypixel)))
  }
}

/// Bytes to the terminal, past curses, or to whatever a standard stream is.
package enum TerminalOutput {
  /// Writes all of it, waiting where the reader is slow; gives up when it is gone. Returns the error's number, 0 for none.
  @discardableResult
  package static func write(_ bytes: [UInt8], to stream: Int32 = STDOUT_FILENO) -> Int32 {
    var at = 0
    while at < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(stream, $0.baseAddress! + at, $0.count - at) }
      if count > 0 {
        at += count
      } else if errno == EAGAIN {
        var output = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
        poll(&output, 1, 1000)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }
}
