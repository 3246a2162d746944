import Glibc
import Synchronization

/// Where other threads leave events for the explorer; a byte in a pipe wakes the loop that sleeps on its other end.
final class Mailbox: Sendable {
  private let events = Mutex<[ExplorerEvent]>([])
  private let readEnd: Int32
  private let writeEnd: Int32

  /// Stops the program if the system has no descriptors left: nothing can run then.
  init() {
    var ends: [Int32] = [-1, -1]
    let status = pipe(&ends)
    precondition(status == 0, "no pipe for the explorer's mailbox: errno \(errno)")
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  /// Readable when there is mail; whoever waits on it drains it.
  var wakeSource: Int32 { readEnd }
  /// A byte here wakes the loop; for signal handlers.
  var wakeSink: Int32 { writeEnd }

  /// Leaves an event; from any thread, never waits.
  func post(_ event: ExplorerEvent) {
    let wasEmpty = events.withLock { waiting in
      waiting.append(event)
      return waiting.count == 1
    }
    // A full pipe wakes as well as one more byte would.
    if wasEmpty {
      var byte: UInt8 = 1
      write(writeEnd, &byte, 1)
    }
  }

  /// Takes everything out, in the order in which it came.
  func drain() -> [ExplorerEvent] {
    events.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
  }
}
