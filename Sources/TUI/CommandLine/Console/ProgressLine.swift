import Engine

/// A line of progress: redrawn in place for somebody who watches, now and then a line of a log otherwise.
struct ProgressLine {
  let console: Console
  private var next = ContinuousClock.now
  private var isDrawn = false

  init(_ console: Console) { self.console = console }

  /// Shows the text, unless the last one was shown just now.
  mutating func show(_ text: @autoclosure () -> String) {
    let now = ContinuousClock.now
    guard now >= next else { return }
    next = now + (console.isWatched ? .milliseconds(100) : .seconds(10))
    if console.isWatched {
      console.log("\r\u{1B}[K" + text().withoutControlCharacters())
      isDrawn = true
    } else {
      console.note(text())
    }
  }

  /// Takes the line away: before a result, and at the end.
  mutating func clear() {
    if isDrawn { console.log("\r\u{1B}[K") }
    isDrawn = false
  }
}
