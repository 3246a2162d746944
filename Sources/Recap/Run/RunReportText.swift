import Engine

extension RunReport {
  private static let columns = 80

  /// The report as a page of text with a line break at its end; names from files cannot steer the terminal.
  public var text: String {
    let paragraphs = [facts] + (evaluations.last.map { [comparison($0), patternTable($0)] } ?? [[noEvaluation]])
    return paragraphs.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
  }

  private var facts: [String] {
    let settings = description.configuration
    let every = settings.accumulate == 1 ? "" : " × \(settings.accumulate)"
    return [
      RunReport.fitted("run \(run.withoutControlCharacters()): \(status)", RunReport.columns)
    ] + reasonLines + [
      RunReport.fact("started", "\(description.created), diva-tui \(description.version)"),
      RunReport.fact("machine", "\(description.cpu), \(description.threads.counted("thread"))"),
      RunReport.fact("CLIP", description.clip),
      RunReport.fact("diffusion", description.diffusion),
      RunReport.fact("data", description.data),
      RunReport.fact(
        "settings",
        "density \(settings.density), batch \(settings.batch)\(every), \(settings.draws.counted("draw")) "
          + "per image, \(settings.optimizer.rawValue) \(settings.rate), seed \(settings.seed)"),
    ] + controls + [progress, lossLine] + (remarks ?? []).map { RunReport.fact("note", $0) }
  }

  /// An error's message is worth as many lines as it takes.
  private var reasonLines: [String] {
    var lines: [String] = []
    for word in (reason ?? "").withoutControlCharacters().split(separator: " ") {
      let longer = (lines.last.map { $0 + " " } ?? "") + word
      if lines.isEmpty || longer.count > RunReport.columns - 11 {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] = longer
      }
    }
    return lines.enumerated().map { RunReport.fact($0 == 0 ? "reason" : "", $1) }
  }

  /// What a reader must know before comparing this run with another.
  private var controls: [String] {
    let shuffled = description.configuration.shufflesCondition
    let changes = densityChanges.map { "\($0.density) at step \($0.step)" }.joined(separator: ", ")
    return (shuffled ? [RunReport.fact("control", "conditioned on another image’s features: must not help")] : [])
      + (changes.isEmpty ? [] : [RunReport.fact("changed", "density \(changes)")])
  }

  private var progress: String {
    let settings = description.configuration
    let rate = imagesPerSecond.map { ", \($0.text(decimals: 1)) images/s" } ?? ""
    return RunReport.fact(
      "progress",
      "align \(alignSteps)/\(settings.alignSteps), train \(trainSteps)/\(settings.steps) in "
        + seconds.durationText + rate)
  }

  private var lossLine: String {
    guard let loss else { return RunReport.fact("loss", "no step yet") }
    let steps = loss.steps == 1 ? "first and last step" : "means of the first and last \(loss.steps) steps"
    return RunReport.fact("loss", "\(loss.first.text(decimals: 4)) → \(loss.last.text(decimals: 4)) (\(steps))")
  }

  private var noEvaluation: String {
    let every = description.configuration.evaluateEvery
    return "no evaluation yet" + (every > 0 ? "; one follows every \(every.counted("step"))" : "")
  }

  private func comparison(_ report: EvaluationReport) -> [String] {
    let share = { (correct: Int) in 100 * Double(correct) / Double(max(report.pairs, 1)) }
    return [
      RunReport.row("step \(report.step)", "baseline", "tuned", "change"),
      RunReport.percentRow("pairs right, %", share(report.baselineCorrect), share(report.tunedCorrect)),
      RunReport.row("pairs right of \(report.pairs)", "\(report.baselineCorrect)", "\(report.tunedCorrect)", ""),
    ] + matrixLines + [
      RunReport.percentRow("zero-shot, %", report.baselineZeroShot, report.tunedZeroShot)
    ] + retrievalLine(report) + [
      RunReport.fact("fixed", "\(report.fixed.counted("pair")), broken \(report.broken)"),
      RunReport.fact("McNemar", "\(report.pValue.pText), exact, two-sided"),
      RunReport.fact("interval", "\(report.interval95.intervalText) points of pair accuracy (95 %)"),
    ] + report.losses.map { RunReport.fact("lost", $0) } + bestLine
  }

  private func retrievalLine(_ report: EvaluationReport) -> [String] {
    guard let before = report.baselineRetrieval, let after = report.tunedRetrieval else { return [] }
    return [RunReport.percentRow("retrieval, recall at 1, %", before, after)]
  }

  /// Where the newest evaluation is not it.
  private var bestLine: [String] {
    guard evaluations.count > 1, let best = RunReport.best(evaluations), best.step != evaluations.last?.step else {
      return []
    }
    let (gain, balance) = (best.gain.signed(decimals: 1), best.balance.signed(decimals: 1))
    return [RunReport.fact("best step", "\(best.step): \(gain) points, less what is lost elsewhere \(balance)")]
  }

  /// The image score is the share of pairs right.
  private var matrixLines: [String] {
    guard let scores = matrixScores else { return [] }
    func line(_ name: String, _ chance: Double, _ value: KeyPath<MatrixScore, Int>) -> String {
      let shares = [scores.baseline, scores.tuned].map { 100 * Double($0[keyPath: value]) / Double(max($0.pairs, 1)) }
      return RunReport.percentRow("\(name) score, % (chance \(chance.percent(decimals: 1)))", shares[0], shares[1])
    }
    return [line("text", MatrixScore.chance.text, \.text), line("group", MatrixScore.chance.group, \.group)]
  }

  private func patternTable(_ report: EvaluationReport) -> [String] {
    guard !report.patterns.isEmpty else { return [] }
    let rows = zip(report.patterns, zip(report.baselinePerPattern, report.tunedPerPattern))
    return [RunReport.row("pairs right by pattern, %", "baseline", "tuned", "change")]
      + rows.map { RunReport.percentRow($0, $1.0, $1.1) }
  }

  // MARK: Lines

  private static func fact(_ name: String, _ value: String) -> String {
    padded(name, 11) + fitted(value.withoutControlCharacters(), columns - 11)
  }

  private static func percentRow(_ name: String, _ baseline: Double, _ tuned: Double) -> String {
    row(name, baseline.text(decimals: 1), tuned.text(decimals: 1), (tuned - baseline).signed(decimals: 1))
  }

  private static func row(_ name: String, _ baseline: String, _ tuned: String, _ change: String) -> String {
    let cells = [baseline, tuned, change].map { padded($0, 10, right: true) }.joined()
    let line = padded(fitted(name.withoutControlCharacters(), 42), 42) + cells
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  private static func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return right ? space + text : text + space
  }

  /// The text, its middle left out where it is too long: of a path both ends tell most.
  private static func fitted(_ text: String, _ width: Int) -> String {
    guard text.count > width else { return text }
    let tail = width * 2 / 3
    return text.prefix(width - tail - 1) + "…" + text.suffix(tail)
  }
}
