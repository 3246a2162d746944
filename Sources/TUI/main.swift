import Engine
import Foundation

ThreadPool.setThreads(ProcessInfo.processInfo.activeProcessorCount)
exit(try InteractiveExplorer.run(SessionOptions()))
