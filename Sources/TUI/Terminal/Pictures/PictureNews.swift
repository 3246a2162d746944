import Glibc
import Synchronization

/// Whether another thread has made pictures since the last look; wakes the loop when it has.
final class PictureNews: Sendable {
  private let isNew = Mutex(false)
  private let wake: Int32

  /// `wake` is a descriptor whose other end the loop sleeps on.
  init(wake: Int32) { self.wake = wake }

  func post() {
    isNew.withLock { $0 = true }
    _ = Glibc.write(wake, "!", 1)
  }

  func take() -> Bool {
    isNew.withLock { isNew in
      defer { isNew = false }
      return isNew
    }
  }
}
