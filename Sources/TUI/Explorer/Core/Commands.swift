import Engine
import Recap
import Terminal

/// The commands that take something after their name.
enum Commands {
  static let all = [export, step, pair, image, noise, density, pairs, filter, set, help]

  /// A number that a person wrote; throws a `Problem` where it is none.
  private static func number(_ text: String, _ what: String) throws -> Int {
    guard let number = Int(text) else { throw Problem("\(what) is a number, not “\(text)”") }
    return number
  }

  // MARK: - What is looked at

  private static let step = Command(
    name: "step", arguments: "N|live",
    tooltip: "Go to the evaluation at step N, or the last one before it; or follow the newest.",
    choices: { state, earlier in earlier.isEmpty ? state.feed.history.evaluations.map { "\($0.step)" } + ["live"] : [] }
  ) { state, argument in
    guard argument != "live" else { return Explorer.look(at: nil, &state) }
    let wanted = try number(argument, "a step")
    let steps = state.feed.history.evaluations.map(\.step)
    guard let first = steps.first, let last = steps.last else { throw Problem("there is no evaluation yet") }
    guard (first...max(last, state.feed.run.isAligning ? 0 : state.feed.run.step)).contains(wanted) else {
      throw Problem("there is no evaluation of step \(wanted): they are of steps \(first) to \(last)")
    }
    guard let step = state.feed.history.evaluations.last(where: { $0.step <= wanted })?.step else {
      throw Problem("there is no evaluation at or before step \(wanted)")
    }
    if step != wanted { state.hint("the last evaluation before step \(wanted) is at \(step)") }
    return Explorer.look(at: step, &state)
  }

  private static let pair = Command(
    name: "pair", arguments: "N", tooltip: "Go to the pair of this number on the Pairs screen."
  ) { state, argument in
    let number = try number(argument, "a pair")
    guard state.feed.pairs.isEmpty || (1...state.feed.pairs.count).contains(number) else {
      throw Problem("there is no pair \(number): they have the numbers 1 to \(state.feed.pairs.count)")
    }
    return PairsScreen.go(to: number, &state)
  }

  private static let image = Command(
    name: "image", arguments: "FILE", tooltip: "Reconstruct an image file, on the Reconstruct screen."
  ) { state, argument in
    guard !argument.trimmed.isEmpty else { throw Problem("name an image file") }
    return Explorer.open(ReconstructScreen.self, &state) + [.openImage(RunDescription.absolute(argument.trimmed))]
  }

  private static let noise = Command(
    name: "noise", arguments: "T", tooltip: "Start reconstructions from the noise of timestep T.",
    choices: { _, earlier in earlier.isEmpty ? RebuildQueue.timesteps.map { "\($0)" } : [] }
  ) { state, argument in
    let wanted = try number(argument, "a timestep")
    let timesteps = RebuildQueue.timesteps
    let bounds = timesteps[0]...timesteps[timesteps.count - 1]
    guard bounds.contains(wanted) else {
      throw Problem(
        "there is no noise of timestep \(wanted): choose from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    let near = timesteps.indices.min { abs(timesteps[$0] - wanted) < abs(timesteps[$1] - wanted) }
    state.reconstruct.noiseLevel = near ?? state.reconstruct.noiseLevel
    let chosen = ReconstructScreen.timestep(state)
    if chosen != wanted { state.hint("the noise that is nearest to timestep \(wanted) is that of \(chosen)") }
    return state.screen.open(state)
  }

  private static let density = Command(
    name: "density", arguments: "[X]",
    tooltip: "Look at a recap density: class, all, 0.3, count:76 or pool:6; alone it opens the Density screen.",
    choices: { state, earlier in earlier.isEmpty ? state.feed.run.densities.rows.map { "\($0.density)" } : [] }
  ) { state, argument in
    guard !argument.isEmpty else { return Explorer.open(DensityScreen.self, &state) }
    let density = try RecapDensity(parsing: argument)
    guard let patches = state.feed.run.densities.rows.first?.tokenOfPatch.count else {
      throw Problem("the densities are not known yet")
    }
    switch density {
    case .pooled(let window) where window > patches, .count(let window) where window > 16 * patches:
      throw Problem("the density \(density) needs more patches than an image has, \(patches)")
    default: break
    }
    state.feed.run.offer(density)
    state.reconstruct.density = density == state.feed.run.density ? nil : density
    return ReconstructScreen.open(state)
  }

  private static let pairs = Command(
    name: "pairs", arguments: "[FILTER]", tooltip: "Open the Pairs screen, and list the pairs that pass a filter."
  ) { state, argument in
    let work = Explorer.open(PairsScreen.self, &state)
    return try argument.isEmpty ? work : work + filter.run(&state, argument)
  }

  private static let filter = Command(
    name: "filter", arguments: "[TEXT]", tooltip: "List the pairs that pass a filter; alone it lists all."
  ) { state, argument in
    let before = state.pairs.list.filterText
    PairsScreen.use(argument.trimmed, &state)
    guard let complaint = state.pairs.list.complaint else { return [] }
    state.pairs.list.apply(before)
    throw Problem(complaint)
  }

  private static let help = Command(
    name: "help", arguments: "[WORD]", tooltip: "Show keys, commands and terms that contain this text."
  ) { state, argument in
    state.help = ExplorerState.Help(search: TextEntry(argument))
    return []
  }

  // MARK: - Settings

  private static let set = Command(
    name: "set", arguments: "NAME VALUE",
    tooltip: "Change a setting of the explorer, which is remembered: \(settingNames).",
    choices: { _, earlier in
      earlier.isEmpty ? ExplorerSetting.all.map(\.name) : ExplorerSetting.named(earlier[0])?.values ?? []
    }
  ) { state, argument in
    let words = argument.split(separator: " ").map(String.init)
    guard let name = words.first else {
      state.hint(ExplorerSetting.all.map { "\($0.name) \($0.value(state))" }.joined(separator: " · "))
      return []
    }
    guard let setting = ExplorerSetting.named(name) else {
      throw Problem("there is no setting “\(name)”", advice: "there are \(settingNames)")
    }
    let choices = "it can be \(setting.values.joined(separator: ", "))"
    let now = "\(name) is \(setting.value(state))"
    guard words.count > 1 else {
      state.hint("\(now); \(choices)")
      return []
    }
    guard words.count == 2, setting.values.contains(words[1]) else {
      let given = words.dropFirst().joined(separator: " ")
      throw Problem("“\(given)” is no value of \(name); \(now)", advice: choices)
    }
    let work = setting.set(&state, words[1])
    state.hint("\(name) is \(setting.value(state))")
    return work
  }

  private static var settingNames: String { ExplorerSetting.all.map(\.name).joined(separator: ", ") }

  // MARK: - Files

  private static let formats = ["csv", "json", "md", "html", "png"]

  private static let export = Command(
    name: "export", arguments: "csv|json|md|html|png [FILE]",
    tooltip:
      "Write the listed pairs (on Train: the chosen chart, as CSV), the run as a page, or the screen as a picture.",
    choices: { _, earlier in earlier.isEmpty ? formats : [] }
  ) { state, argument in
    let words = argument.split(separator: " ", maxSplits: 1).map(String.init)
    let (format, file) = (words.first ?? "", words.count > 1 ? words[1] : nil)
    let run = state.feed.run.name.isEmpty ? "diva-tui" : state.feed.run.name
    switch format {
    case "png":
      let name = "\(run)-\(state.screen.title.lowercased())"
      return [.keepScreen(name: ExportName(file, usual: PairExport.plain(name) + ".png"))]
    case "html":
      guard !state.feed.run.path.isEmpty else { throw Problem("there is no run yet to write a page of") }
      return [.writePage(name: ExportName(file, usual: PairExport.plain(run) + ".html"))]
    case "csv" where state.screen == TrainScreen.self:
      let (text, title) = TrainScreen.values(state)
      let name = ExportName(file, usual: PairExport.plain("\(run)-\(title)") + ".csv")
      return [.write(text, name: name, what: "the chart of \(title)")]
    default:
      guard let format = PairExport.Format(rawValue: format) else {
        throw Problem("name a format", advice: "export \(formats.joined(separator: ", "))")
      }
      guard !state.feed.pairs.isEmpty else { throw Problem("there are no pairs yet") }
      return PairsScreen.export(&state, as: format, to: file)
    }
  }
}
