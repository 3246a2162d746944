import Engine
import Recap
import Terminal

/// Asks the frozen denoiser which statement is true of each image of a pair: a few noises at a time, and never twice.
final class TeacherJob: BackgroundJob {
  private let workspace: Workspace
  private let cache: VerdictCache?
  private let report: Reporter
  /// Opened for the first pair.
  private var conditions: TextConditions?
  private var waiting: [PairRow] = []
  private var current: (row: PairRow, work: DiffusionClassifier, question: VerdictCache.Question)?
  private var isCancelled = false
  /// Seconds spent, and pieces done in them.
  private var spent = 0.0
  private var pieces = 0

  private static let noises = TeacherVerdict.usualNoises
  private static let seed: UInt64 = 1

  init(_ workspace: Workspace, environment: [String: String], report: Reporter) {
    (self.workspace, self.report) = (workspace, report)
    cache = VerdictCache(diffusion: workspace.diffusionPath, environment: environment)
  }

  var isWaiting: Bool { !isCancelled && (current != nil || !waiting.isEmpty) }

  /// A person looks at this pair: it goes before earlier ones.
  func ask(about row: PairRow) {
    isCancelled = false
    if let current, current.row.number != row.number {
      // What was tried of it is lost; a person looks elsewhere now.
      self.current = nil
    }
    if current == nil { waiting = [row] }
    post()
  }

  func cancel() {
    guard isWaiting else { return }
    isCancelled = true
    post()
  }

  func advance() {
    let number = (current?.row ?? waiting.first)?.number
    do {
      try begin()
      let before = current?.work.done ?? 0
      spent += takeTurn {
        guard let work = current?.work, work.verdict == nil else { return false }
        current?.work.advance()
        return true
      }
      pieces += (current?.work.done ?? before) - before
      guard let (row, work, question) = current, let verdict = work.verdict else { return post() }
      cache?.keep(verdict, to: question)
      finish(row, verdict)
    } catch {
      report.post(.problem(Problem(error)))
      if let number { report.post(.verdict(PairVerdict(number: number))) }
    }
  }

  /// Takes the next pair up, or its answer from the cache.
  private func begin() throws {
    guard current == nil, !waiting.isEmpty else { return }
    let row = waiting.removeFirst()
    let images = row.images.map(\.image)
    let texts = row.pair.statements.map { workspace.backbone.policy.statementPrefix + $0 }
    let question = VerdictCache.Question(images, texts, noises: Self.noises, seed: Self.seed)
    if let known = cache?.verdict(question) { return finish(row, known) }
    let conditions = try self.conditions ?? workspace.textConditions()
    self.conditions = conditions
    let work = workspace.classifier(of: images, texts: texts, by: conditions, noises: Self.noises, seed: Self.seed)
    current = (row, work, question)
  }

  private func finish(_ row: PairRow, _ verdict: TeacherVerdict) {
    current = nil
    report.post(.verdict(PairVerdict(number: row.number, verdict: verdict)))
  }

  private func post() {
    guard let row = current?.row ?? waiting.first else { return }
    let (done, all) = (current?.work.done ?? 0, 2 * Self.noises)
    let left = pieces > 0 ? spent / Double(pieces) * Double(all - done) : nil
    report.post(
      .verdict(
        PairVerdict(
          number: row.number, progress: WorkProgress(done: done, all: all, secondsLeft: left), isCancelled: isCancelled)
      ))
  }
}
