import Engine

/// What happens at a terminal.
package enum TerminalEvent: Equatable, Sendable {
  case key(Key)
  case mouse(Mouse)
  /// Text that was pasted: never a row of keys.
  case paste(String)
  /// The window or its font changed size.
  case resized
  /// The frame is not complete on the screen: pictures are ready now, or the terminal has lost some.
  case redraw
  /// The ways of showing pictures that work here, the best first, as the terminal has answered now.
  case graphics([Graphics])
  /// A signal to end the program.
  case ending(Interrupted)
}

/// Where frames go and keys come from: a person's terminal, or a test's.
@MainActor
package protocol Terminal: AnyObject {
  var size: Size { get }
  var pixels: PixelGeometry { get }
  /// Whether the mouse belongs to the program. Off, the terminal's own selecting works.
  var usesMouse: Bool { get set }
  /// Whether colours are for a light ground.
  var isLight: Bool { get set }

  /// Shows a frame. False when some pictures had to wait because a key came first: show the frame again soon.
  func show(_ canvas: Canvas) -> Bool

  /// Sleeps until there is input, until a byte arrives at `wake` (which is then drained), or for `milliseconds`; gives
  /// everything that happened.
  func events(waiting milliseconds: Int, wake: Int32) -> [TerminalEvent]

  /// Repaints everything with the next frame, whatever was believed to be on the screen.
  func repaint()

  /// Gives the terminal back until the person continues the program (Ctrl-Z, `fg`).
  func suspend()

  /// Gives the terminal back for good; harmless when called twice.
  func restore()
}
