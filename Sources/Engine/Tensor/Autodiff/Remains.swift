import Glibc

/// Frees a recorded computation in a loop.
///
/// Left to itself each node would free the one before it inside its own end, and a chain of some ten thousand ops would
/// overflow the stack, on threads other than the main one much sooner. Here the first node that ends on a thread frees
/// what it held from a list, and the nodes that end meanwhile only add to that list.
final class Remains {
  typealias Pullback = (Tensor) -> [Tensor?]

  private var pending: [(inputs: [Node?], pullback: Pullback?)] = []

  /// The list of the thread that is at it; graphs are dropped on whichever thread lets go of them.
  private static let current: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key, nil)
    precondition(status == 0, "no thread storage is left: \(String(cString: strerror(status)))")
    return key
  }()

  /// Takes what a node held and lets go of it, now or as soon as the thread is out of the end of another node.
  static func release(_ inputs: inout [Node?], _ pullback: inout Pullback?) {
    let atWork = pthread_getspecific(current)
    let list = atWork.map { Unmanaged<Remains>.fromOpaque($0).takeUnretainedValue() } ?? Remains()
    // Nothing but the list may hold them from here on, or they would end after it, one inside the other.
    list.pending.append((inputs, pullback))
    (inputs, pullback) = ([], nil)
    if atWork == nil { list.empty() }
  }

  private func empty() {
    pthread_setspecific(Remains.current, Unmanaged.passUnretained(self).toOpaque())
    while pending.popLast() != nil {}
    pthread_setspecific(Remains.current, nil)
  }
}
