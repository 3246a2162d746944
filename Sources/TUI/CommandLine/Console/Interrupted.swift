import Foundation
import Synchronization

/// The person pressed Ctrl-C, or a cluster's scheduler asked the program to end.
struct Interrupted: Error {
  static let status: Int32 = 130

  private static let asked = Atomic<Bool>(false)
  private static let finishesStep = Atomic<Bool>(false)

  /// True once a command that finishes its step first has been asked to stop.
  static var wasAsked: Bool { asked.load(ordering: .relaxed) }

  /// Sets what a signal does: with `finishingStep` the first one only asks and the second one ends the program; without,
  /// the first one ends it.
  static func install(finishingStep: Bool) {
    asked.store(false, ordering: .relaxed)
    finishesStep.store(finishingStep, ordering: .relaxed)
    // Only atomics and _exit in the handler: nothing else is safe there.
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        let mayWait = Interrupted.finishesStep.load(ordering: .relaxed)
        guard mayWait, !Interrupted.asked.exchange(true, ordering: .relaxed) else { _exit(Interrupted.status) }
      }
    }
    unblock([SIGINT, SIGTERM])
  }

  /// A process that some launcher started with its signals blocked could not be stopped otherwise.
  private static func unblock(_ signals: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}
