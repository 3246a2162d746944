import Terminal

/// A terminal for tests: plays given events, keeps every frame.
@MainActor
package final class RecordingTerminal: Terminal {
  package private(set) var size: Size
  package var pixels = PixelGeometry.usual
  package var usesMouse = false
  package var isLight = false
  package private(set) var frames: [Canvas] = []
  package private(set) var isRestored = false
  /// Each element answers one call of `events`.
  private var script: [[TerminalEvent]]

  package init(size: Size, script: [[TerminalEvent]] = []) {
    self.size = size
    self.script = script
  }

  package func show(_ canvas: Canvas) -> Bool {
    frames.append(canvas)
    return true
  }

  package func events(waiting milliseconds: Int, wake: Int32) -> [TerminalEvent] {
    script.isEmpty ? [] : script.removeFirst()
  }

  package func resize(to size: Size) {
    self.size = size
    script.append([.resized])
  }

  /// More events, after those that are still to come.
  package func play(_ events: [[TerminalEvent]]) { script += events }

  package func repaint() {}
  package func suspend() {}
  package func restore() { isRestored = true }
}
