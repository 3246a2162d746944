import Engine
import Terminal

/// The score of the pairs that are answered so far.
struct RunningScore: Equatable {
  let pairs: Int
  let answered: Int
  let baselineRight: Int
  /// nil where nothing is tuned.
  let tunedRight: Int?
  let fixed: Int
  let broken: Int

  /// Only pairs that every model has answered count.
  init(_ rows: [PairRow]) {
    let hasTuned = rows.contains { $0.tuned != nil }
    let known = rows.filter { $0.baseline != nil && (!hasTuned || $0.tuned != nil) }
    (pairs, answered) = (rows.count, known.count)
    baselineRight = known.count { $0.baseline?.isCorrect == true }
    tunedRight = hasTuned ? known.count { $0.tuned?.isCorrect == true } : nil
    fixed = known.count { $0.outcome == .fixed }
    broken = known.count { $0.outcome == .broken }
  }

  /// As a part of one; nil before an answer.
  var baselineShare: Double? { answered > 0 ? Double(baselineRight) / Double(answered) : nil }

  /// What the baseline's answers mean, for somebody who sees them for the first time.
  static func words(_ rows: [PairRow]) -> String {
    let answers = rows.compactMap { $0.baseline?.predicted }
    let count =
      answers.count < rows.count
      ? "of the first \(answers.count) of \(rows.count.counted("pair"))" : "of \(answers.count.counted("pair"))"
    let alike = Double(answers.count { $0[0] == $0[1] }) / Double(max(answers.count, 1))
    guard rows.allSatisfy({ $0.pair.shape == .square }) else {
      return "\(count); guessing gets \(rows.lazy.map(\.pair).chance.percent(decimals: 1)) %."
    }
    return
      "\(count); guessing gets 25 %. In \(alike.percent(decimals: 0)) of 100 it chooses one picture for both "
      + "statements: it cannot tell the two apart."
  }

  /// The answered pair that the baseline is surest and wrong of: before training the most telling one.
  static func worst(_ rows: [PairRow]) -> ChangedMost.Pair? {
    let margins = rows.enumerated().compactMap { place, row -> ChangedMost.Pair? in
      guard let scores = row.baseline?.scores else { return nil }
      let own = [scores[0] - 0.5, 0.5 - scores[1]]
      let side = own[0] <= own[1] ? 0 : 1
      return ChangedMost.Pair(place: place, side: side, before: own[side], now: own[side], right: [])
    }
    return margins.min { $0.before < $1.before }
  }

  /// "34 of 135 answered   baseline 20.6 %   tuned 26.5 %   3 fixed · 1 broken".
  var texts: [(String, Style)] {
    guard answered > 0 else { return [("no pair answered yet", .dim)] }
    let progress = answered < pairs ? "\(answered) of \(pairs) answered" : "Both statements right"
    let tuned = tunedRight.map { right in
      [
        ("   tuned ", .tuned), (share(right), .tuned.bold), ("   ", .normal), ("\(fixed) fixed", .good), (" · ", .dim),
        ("\(broken) broken", .bad),
      ] as [(String, Style)]
    }
    return [(progress, .title), ("   baseline ", .baseline), (share(baselineRight), .baseline.bold)] + (tuned ?? [])
  }

  private func share(_ right: Int) -> String {
    "\((Double(right) / Double(max(answered, 1))).percent(decimals: 1)) %"
  }
}

/// The progress of a reconstruction, in one line.
enum RebuildBar {
  static func draw(_ work: RebuildProgress, in rect: Rect, on canvas: inout Canvas) {
    let progress = work.progress
    let left = progress.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
    let text =
      switch work.stage {
      case .working: "\(work.doing)\(left)"
      case .resting: "waits until the pairs are scored"
      case .cancelled: "cancelled; C resumes it"
      }
    let styles: (Style, Style) = work.stage == .working ? (.accent, .normal) : (.dim, .dim)
    Bars.drawProgress(progress.part, text, width: min(40, rect.columns / 2), styles, in: rect, on: &canvas)
  }
}

extension RebuildProgress {
  /// For the heading beside the image.
  var remark: String {
    switch stage {
    case .working: "being reconstructed: \(progress.done) of \(progress.all)"
    case .resting: "waits"
    case .cancelled: "cancelled"
    }
  }
}
