import Engine
import Synchronization
import Testing
import TestSupport

@testable import Explorer
@testable import Terminal

@MainActor @Suite struct LoopTests {
  /// Answers each work with an event at once, and remembers it.
  private final class Runner: WorkRunner {
    let asked = Mutex<[Work]>([])
    let mailbox = Mailbox()

    func run(_ work: Work) {
      asked.withLock { $0.append(work) }
      if work == .startTraining { mailbox.post(.activity(SessionActivity(status: .running))) }
    }
  }

  /// Each look at the clock is a tenth of a second later.
  private func clock() -> () -> Double {
    var now = 0.0
    return {
      now += 0.1
      return now
    }
  }

  private func loop(_ script: [[TerminalEvent]]) -> (loop: ExplorerLoop, terminal: RecordingTerminal, runner: Runner) {
    let terminal = RecordingTerminal(size: Size(columns: 80, rows: 24), script: script)
    let runner = Runner()
    var state = ExplorerState()
    state.feed.session.status = .ready
    return (
      ExplorerLoop(terminal: terminal, runner: runner, state: state, mailbox: runner.mailbox, clock: clock()), terminal,
      runner
    )
  }

  @Test func aKeyIsAnsweredWithTheNextFrameAndItsWorkIsRun() {
    let (loop, terminal, runner) = loop([[.key(.character("n"))], [], [.key(.control("c"))]])
    let ending = loop.run()

    // As when the signal comes that this key stands for.
    #expect(ending == .signal(Interrupted(2)) && ending.status == 130)
    #expect(runner.asked.withLock { $0 } == [.startTraining])
    #expect(terminal.frames.first!.text.contains("○ ready"))
    #expect(terminal.frames.last!.text.contains("● training"))
    #expect(terminal.isRestored)
  }

  @Test func theFirstFrameComesBeforeAnyWork() {
    let (loop, terminal, runner) = loop([[.key(.control("c"))]])
    _ = loop.run(starting: [.loadPairs])

    #expect(terminal.frames.count == 1)
    #expect(runner.asked.withLock { $0 } == [.loadPairs])
  }

  @Test func aSignalEndsTheLoopAndGivesTheTerminalBack() {
    let (loop, terminal, _) = loop([[.ending(Interrupted(15))]])

    #expect(loop.run() == .signal(Interrupted(15)))
    #expect(terminal.isRestored)
  }

  @Test func aResizeDrawsTheNewSize() {
    let (loop, terminal, _) = loop([])
    terminal.resize(to: Size(columns: 40, rows: 10))
    loop.mailbox.post(.log(.step(DemoFeed.step(1))))
    terminal.play([[], [], [.key(.control("c"))]])
    _ = loop.run()

    #expect(terminal.frames.last!.size == Size(columns: 40, rows: 10))
    #expect(terminal.frames.last!.text.contains("needs 60 × 16"))
  }

  @Test func mailFromManyThreadsArrivesWholeAndInOrder() async {
    let mailbox = Mailbox()
    await withTaskGroup { group in
      for sender in 0..<8 {
        group.addTask { for index in 0..<100 { mailbox.post(.tick(seconds: Double(sender * 1000 + index))) } }
      }
    }
    let steps = mailbox.drain().map { event in if case .tick(let seconds, _) = event { Int(seconds) } else { -1 } }

    #expect(steps.count == 800)
    for sender in 0..<8 {
      #expect(steps.filter { $0 / 1000 == sender } == (0..<100).map { sender * 1000 + $0 })
    }
    #expect(mailbox.drain().isEmpty)
  }
}
