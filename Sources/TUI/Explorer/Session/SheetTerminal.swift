import Glibc
import Terminal

/// A terminal that nobody sees, for one frame: it waits until nothing changes any more, keeps that frame, and quits.
@MainActor
final class SheetTerminal: Terminal {
  let size: Size
  let pixels = PixelGeometry.usual
  var usesMouse = false
  var isLight = false
  private(set) var frame: Canvas
  private let isAtRest: @MainActor () -> Bool
  private let end: ContinuousClock.Instant
  private var rest = 0

  /// So often in a row, a tenth of a second apart, has nothing been to do when the frame is the last.
  private static let restful = 5

  init(size: Size, patience: Duration, isAtRest: @escaping @MainActor () -> Bool) {
    (self.size, self.isAtRest) = (size, isAtRest)
    frame = Canvas(size: size)
    end = .now + patience
  }

  func show(_ canvas: Canvas) -> Bool {
    frame = canvas
    return true
  }

  func events(waiting milliseconds: Int, wake: Int32) -> [TerminalEvent] {
    var source = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
    if poll(&source, 1, Int32(min(milliseconds, 100))) > 0 {
      var bytes = [UInt8](repeating: 0, count: 256)
      while read(wake, &bytes, bytes.count) == bytes.count {}
      rest = 0
    } else if milliseconds >= 100 || milliseconds == 0 {
      rest = isAtRest() ? rest + 1 : 0
    }
    if let signal = EndingSignals.taken { return [.ending(signal)] }
    return rest >= Self.restful || .now > end ? [.key("q")] : []
  }

  func repaint() {}
  func suspend() {}
  func restore() {}
}
