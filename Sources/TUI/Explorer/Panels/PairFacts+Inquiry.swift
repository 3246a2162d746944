import Engine
import Recap
import Terminal

/// What the models make of the pair on request: its reconstructions, the teacher's verdict, the nearest pairs.
extension PairFacts {
  // MARK: - Reconstructions

  /// What was made of both images: from which noise, with which errors.
  var rebuilt: [Line] {
    guard state.pairs.look.showsReconstructions else { return [] }
    let source = "from noise t = \(ReconstructScreen.timestep(state)), \(state.density.label)"
    let made = (0..<2).map { PairsScreen.made(state, side: $0) }
    let changes = made.enumerated().compactMap { side, made -> Line? in
      guard let made else { return nil }
      let error = ErrorSpread(made.latentErrors)
      let change = error.change
      let noises = columns >= 46 ? " (\(error.noises.counted("noise")))" : ""
      return [("image \(side + 1)  error ", .dim), (change.text, change.style), (noises, .dim)]
    }
    if let work = PairsScreen.rebuilding(state) {
      return [[(work.stage == .cancelled ? "cancelled; C resumes" : "\(work.remark) · C cancels", .dim)]] + changes
    }
    return [[(made.contains { $0 == nil } ? "being reconstructed …" : source, .dim)]] + changes
  }

  // MARK: - The teacher

  /// Which statement the frozen denoiser holds for true of each image, and what that says of CLIP.
  var teacher: [Line] {
    guard !state.feed.samples.isEmpty, answered.pair.shape == .square else { return [] }
    func line(_ text: String) -> [Line] { [[("teacher ", .dim), (text, .dim)]] }
    let noises = TeacherVerdict.usualNoises
    guard state.pairs.inquiry.asksTeacher else {
      return [hint("teacher", "V", "gets its verdict, by \(noises) noises")]
    }
    guard let answer = PairsScreen.verdict(state) else { return line("is being opened …") }
    guard let verdict = answer.verdict else {
      guard let progress = answer.progress else { return line("has no verdict") }
      let count = "\(progress.done) of \(progress.all) noises"
      let left = progress.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
      return line(answer.isCancelled ? "\(count), cancelled; C resumes" : "\(count)\(left) · C cancels")
    }
    let images = verdict.gains.indices.flatMap { image -> Line in
      let isRight = verdict.isRight(image)
      let style: Style = verdict.isSure(image) ? (isRight ? .good : .bad) : .normal
      return [
        ("\(image > 0 ? "  " : "")image \(image + 1) ", .dim), (isRight ? "✓" : "✗", style),
        (" \(verdict.wins(image)) of \(verdict.noises)", verdict.isSure(image) ? .normal : .dim),
      ]
    }
    let words = columns >= 56 ? [("  noises", Style.dim)] : []
    return [[("teacher ", .dim)] + images + words, [("        \(meaning(verdict))", .dim)]]
  }

  private func meaning(_ verdict: TeacherVerdict) -> String {
    guard let isRight = (answered.tuned ?? answered.baseline)?.isCorrect else { return "" }
    let name = answered.tuned == nil ? "CLIP" : "the tuned CLIP"
    switch (verdict.knows, isRight) {
    case (true?, true): return "it knows, and so does \(name)"
    case (true?, false): return "it knows; \(name) has not learned it"
    case (false?, true): return "\(name) knows what it does not"
    case (false?, false): return "it does not know either"
    case (nil, _): return "not sure: within two standard errors"
    }
  }

  /// What a key does: a letter alone would be read as a word.
  private func hint(_ name: String, _ key: String, _ words: String) -> Line {
    [(name + " ", .dim), (key, .accent.bold), (" " + words, .dim)]
  }

  // MARK: - Nearest pairs

  var nearest: [Line] {
    guard !state.feed.samples.isEmpty else { return [] }
    func line(_ text: String) -> [Line] { [[("nearest ", .dim), (text, .dim)]] }
    guard let found = PairsScreen.neighbours(state) else {
      if state.pairs.inquiry.listsNeighbours { return line("is being opened …") }
      let images = state.feed.pairs.reduce(0) { $0 + $1.pair.imageCount }
      return [hint("nearest", "a", "encodes \((2 * images).grouped) images\(cost(2 * images))")]
    }
    if let progress = found.progress {
      let left = progress.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
      let count = "\(progress.done.grouped) of \(progress.all.grouped) images"
      return line(found.isCancelled ? "\(count), cancelled; C resumes" : "\(count)\(left) · C cancels")
    }
    let models = zip(Self.models, [found.baseline, found.tuned]).filter { !$1.isEmpty }
    let own = models.map { model, numbers -> Line in
      [(model.name + " ", model.style), (numbers.map { "#\($0)" }.joined(separator: " "), .normal)]
    }
    let label: Line = [("nearest ", .dim)]
    guard columns < 56 else { return [label + own.joined(separator: [("   ", .dim)])] }
    return own.enumerated().map { ($0 == 0 ? label : [("        ", .dim)]) + $1 }
  }

  /// ", about 12 s", as long as an evaluation took for its images.
  private func cost(_ images: Int) -> String {
    guard let evaluation = state.feed.history.evaluations.last(where: { $0.seconds != nil }),
      let seconds = evaluation.seconds
    else { return "" }
    let encoded = 2 * evaluation.pairs + (evaluation.zeroShotImages ?? 0)
    return ", about \((seconds * Double(images) / Double(max(encoded, 1))).durationText)"
  }
}
