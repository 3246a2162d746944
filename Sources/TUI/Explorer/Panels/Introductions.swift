/// What one looks at, in a line a screen.
extension TrainScreen {
  static let introduction =
    "CLIP says what it sees; a frozen diffusion model reconstructs the image from that; its error teaches CLIP."
  static let shortIntroduction = "A diffusion model draws what CLIP says; its error teaches CLIP."

  static func introductions(_ state: ExplorerState) -> (whole: String, short: String) {
    guard state.feed.run.program != nil else { return (introduction, shortIntroduction) }
    return (
      "What another program records of its run: each scalar under its own name, as it is.",
      "What another program records."
    )
  }
}

extension ReconstructScreen {
  static let introduction =
    "What the frozen diffusion model reconstructs when all it gets beside noise is what a CLIP says of the image."
  static let shortIntroduction = "What the frozen diffusion model draws from what each CLIP says."

  static func introductions(_ state: ExplorerState) -> (whole: String, short: String) {
    showsLogged(state)
      ? ("Pictures that another program recorded, by their names.", "Recorded pictures.")
      : (introduction, shortIntroduction)
  }
}

extension PairsScreen {
  static func introductions(_ state: ExplorerState) -> (whole: String, short: String) {
    let guessing = "uessing gets \(state.feed.chanceText)."
    let rule: String =
      switch state.feed.choice {
      case .ownPicture: "Two pictures, two statements; each statement must choose its own picture."
      case .statement: "One picture, several statements; the right one must be the nearest."
      case .picture: "One statement, several pictures; the right one must be the nearest."
      case .mixed: "Of several statements or pictures the right one must be the nearest."
      }
    let short =
      state.feed.choice == .ownPicture
      ? "Each statement must choose its own picture" : "The right one of several must be the nearest"
    return ("\(rule) G\(guessing)", "\(short); g\(guessing)")
  }
}

extension DensityScreen {
  static let introduction =
    "How much CLIP may say: its class token, or patch tokens too. + − only looks; = makes the training use it."
  static let shortIntroduction = "How much CLIP may say: its class token, or patch tokens too."
}

extension ModelsScreen {
  static let introduction = "What is loaded: from where, how large, how it reads its input, and what of it is trained."
  static let shortIntroduction = "What is loaded, from where, and what of it is trained."
}

extension RunsScreen {
  static let introduction = "Runs side by side. Enter shows one on the other screens."
}
