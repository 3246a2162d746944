@testable import Explorer

/// What the explorer would show after each step of a script; a step changes folders or asks for work.
///
/// - Parameter session: made of a clock that goes on by a second each time, and of what takes its events.
func statesWatched(
  _ script: [() throws -> Work?],
  _ session: (_ clock: @escaping () -> Double, _ post: @escaping (ExplorerEvent) -> Void) throws -> RunsSession
) throws -> [ExplorerState] {
  var (state, states, time, left) = (ExplorerState(), [ExplorerState](), 0.0, script)
  var failure: (any Error)?
  func clock() -> Double {
    time += 1
    return time
  }
  try session(clock, { _ = Explorer.update(&state, $0) }).work { _ in
    states.append(state)
    guard !left.isEmpty else { return .quit }
    do { return try left.removeFirst()() } catch { failure = error }
    return .quit
  }
  if let failure { throw failure }
  return states
}
