import Engine

/// Runs `body` with so many threads that compute; their number is the process's, so suites that use it are serialized.
package func onThreads<R>(_ threads: Int, _ body: () -> R) -> R {
  let before = ThreadPool.threads
  ThreadPool.setThreads(threads)
  defer { ThreadPool.setThreads(before) }
  return body()
}
