import Engine
import Terminal

/// The explorer as a whole: what every screen shares. Pure: no input or output, no clock, no thread.
enum Explorer {
  /// In the order of their digits.
  static let screens: [any Screen.Type] = [
    TrainScreen.self, ReconstructScreen.self, PairsScreen.self, DensityScreen.self, BlendScreen.self,
    RunsScreen.self, ModelsScreen.self,
  ]

  static let smallestSize = Size(columns: 60, rows: 16)
  /// After so many seconds without news a running trainer is said to be silent: a step of large models takes minutes.
  private static func patience(_ feed: Feed) -> Double {
    if feed.session.cost?.stage == .measuring { return .infinity }
    let steps = feed.history.steps
    let step = (steps.last?.seconds ?? 0) / Double(max(steps.count, 1))
    return max(30, 3 * max(step, feed.session.cost?.secondsPerStep ?? 0))
  }

  /// Those of every screen; a screen's own come before them.
  static let keys: [Binding] =
    SteeringKeys.all + [
      Binding(
        keys: [.tab] + screens.map { .character(Character("\($0.number)")) }, label: "screens",
        names: ["next-screen"] + screens.map { $0.title.lowercased() },
        tooltip: "Go to the next screen, or to one by its number."
      ) { state, key in
        guard case .character(let digit) = key,
          let screen = screens.first(where: { $0.number == digit.wholeNumberValue })
        else { return openNext(&state) }
        return open(screen, &state)
      },
      Binding(
        keys: ["g"], label: "pictures",
        tooltip: "Show pictures as kitty graphics, sixel, inline images, half blocks, ASCII or not at all."
      ) { state, _ in
        let at = state.graphicsChoices.firstIndex(of: state.graphics) ?? -1
        state.choose(state.graphicsChoices[(at + 1) % state.graphicsChoices.count])
        state.hint("pictures: \(state.graphics.label)")
        return []
      },
      .toggle("H", "line", "Hide or show the line that says what the screen shows.", \.isIntroductionShown),
      Binding(keys: [.escape], label: "back", tooltip: "Leave one layer: a question, the help, a full screen.") {
        state, _ in state.screen.leave(&state) ?? []
      },
      Binding(keys: ["/"], label: "filter", tooltip: "Filter the pairs, on the Pairs screen.") { state, _ in
        let work = open(PairsScreen.self, &state)
        PairsScreen.openFilter(&state)
        return work
      },
      Binding(
        keys: [":"], label: "command",
        tooltip:
          "Write a command: what any key does, by its name, or :export, :step, :pair, :density, :set; Tab completes names."
      ) { state, _ in
        CommandLine.open(&state)
        return []
      },
      Binding(
        keys: ["?"], label: "help", tooltip: "Show keys, commands and what terms mean; letters narrow it down."
      ) {
        state, _ in
        state.help = ExplorerState.Help()
        return []
      },
      Binding(
        keys: ["q"], label: "quit",
        tooltip:
          "Quit; a run that is under way is saved, after a question. Ctrl-C saves and quits at once, with status 130."
      ) { state, _ in
        guard state.feed.wouldStop else { return [.quit] }
        state.question = .quit
        return []
      },
      Binding(
        keys: ["M"], label: "mouse",
        tooltip: "Leave the mouse to the terminal, to select text, or take it back (Shift selects meanwhile)."
      ) { state, _ in
        state.usesMouse.toggle()
        state.hint(state.usesMouse ? "the mouse is the explorer's" : "the mouse is the terminal's: it selects text")
        return [.useMouse(state.usesMouse)]
      },
      Binding(keys: [.control("l")], label: "redraw", tooltip: "Redraw the screen.") { _, _ in [.repaint] },
      Binding(keys: [.control("z")], label: "suspend", tooltip: "Suspend the program; `fg` resumes it.") { _, _ in
        [.suspend]
      },
    ]

  private static func openNext(_ state: inout ExplorerState) -> [Work] {
    let offered = screens.filter { $0.unavailable(state) == nil }
    let at = offered.firstIndex { $0 == state.screen } ?? 0
    return open(offered[(at + 1) % offered.count], &state)
  }

  static func open(_ screen: any Screen.Type, _ state: inout ExplorerState) -> [Work] {
    if let reason = screen.unavailable(state) {
      state.hint(reason)
      return []
    }
    state.screen = screen
    return screen.open(state)
  }

  // MARK: - Update

  /// Takes one event in and gives the work that it asks for.
  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    if event.isNews { state.feed.lastNews = state.now }
    switch event {
    case .key(let key): return press(key, &state)
    case .mouse(let mouse, let target): return point(mouse, on: target, &state)
    case .paste(let text): return paste(text, &state)
    case .graphics(let choices): state.offer(choices)
    case .tick(let seconds, let memory):
      (state.now, state.memory) = (seconds, memory)
      if let until = state.notice?.until, seconds >= until { state.notice = nil }
      return ReconstructScreen.play(&state)
    case .opened(let run):
      // Another run may not know the density that was looked at in this one.
      if run.number != state.feed.run.number { state.reconstruct.density = nil }
      // Another run has other evaluations; the first one may be opened at a step.
      if run.path != state.feed.run.path, !state.feed.run.path.isEmpty { state.step = nil }
      if run.path != state.feed.run.path { state.feed.forgetLogged() }
      (state.feed.run, state.runs.opened) = (run, run.number)
    case .log(let entry): state.feed.run.add(entry)
    case .activity(let activity):
      if activity.status != state.feed.session.status { state.pending = nil }
      state.feed.session = activity
    case .samples(let samples):
      (state.feed.samples, state.feed.pairSamples, state.feed.reconstructions) = (samples, [:], [])
    case .pairSample(let which, let picture):
      state.feed.pairSamples[which] = state.feed.samples.count
      state.feed.samples.append(picture)
    case .sample(let picture):
      state.feed.samples.append(picture)
      state.reconstruct.imageIndex = state.feed.samples.count - 1
    case .reconstruction(let reconstruction): state.feed.take(reconstruction)
    case .logged(let picture): state.feed.take(picture)
    case .towers(let steps): state.feed.run.towers = steps
    case .pairs(let pairs): state.feed.take(pairs)
    case .benchmark(let size): state.feed.benchmark = size
    case .runs(let rows): state.runs.rows = rows
    case .problem(let problem): state.report(problem)
    case .said(let text): state.hint(text)
    case .notes, .evidence, .neighbours, .verdict, .sweep, .densityReference, .models, .blend: break
    }
    return screens.flatMap { $0.update(&state, event) }
  }

  private static func press(_ key: Key, _ state: inout ExplorerState) -> [Work] {
    if state.isRefused(key) { return [] }
    state.notice = nil
    if key == .control("c") { return [.interrupt] }
    if let question = state.question {
      state.question = nil
      return ["y", .enter].contains(key) ? question.accept(&state) : []
    }
    if let help = state.help {
      state.help = help.taking(key, of: HelpPanel.entries(state).count)
      return []
    }
    if let entry = state.command { return CommandLine.take(key, entry, &state) }
    if let work = state.screen.capture(&state, key) { return work }
    let key = moves[key] ?? key
    guard let binding = (state.screen.keys + keys).first(where: { $0.keys.contains(key) }) else {
      state.hint("\(key.name) does nothing here; ? shows the keys")
      return []
    }
    return binding.perform(key, as: key.name, &state)
  }

  /// A click on a key presses it; the wheel moves what lies under it, or else what the arrows move.
  private static func point(_ mouse: Mouse, on target: MouseTarget?, _ state: inout ExplorerState) -> [Work] {
    guard state.usesMouse else { return [] }
    let wheel: Key? = mouse.action == .wheelUp ? .up : mouse.action == .wheelDown ? .down : nil
    if let help = state.help {
      if mouse.action == .press, case .key(let key)? = target?.part { return press(key, &state) }
      if let wheel { state.help = help.taking(wheel, of: HelpPanel.entries(state).count) }
    } else if case .key(let key)? = target?.part {
      if mouse.action == .press, mouse.button == .left, !state.isWriting { return press(key, &state) }
    } else if state.question == nil, state.command == nil {
      if let work = state.screen.point(&state, mouse, on: target) { return work }
      if let wheel, !state.isWriting { return press(wheel, &state) }
    }
    return []
  }

  /// Text goes where a person writes, and is never taken for keys.
  private static func paste(_ text: String, _ state: inout ExplorerState) -> [Work] {
    guard state.isWriting else {
      state.hint("pasted text is not taken for keys")
      return []
    }
    return text.prefix(500).filter { !$0.isNewline }.flatMap { press(.character($0), &state) }
  }

  /// Goes to the evaluation of a step, on every screen; nil follows the newest.
  static func look(at step: Int?, _ state: inout ExplorerState) -> [Work] {
    guard step != state.step else { return [] }
    state.step = step
    return screens.flatMap { $0.stepMoved(&state) }
  }

  /// They move wherever the arrows do.
  private static let moves: [Key: Key] = ["h": .left, "j": .down, "k": .up, "l": .right]

  /// Whether the trainer is silent for so long that the header says so, which then counts the seconds.
  static func showsSilence(_ state: ExplorerState) -> Bool {
    [.running, .live].contains(state.feed.session.status) && state.now - state.feed.lastNews > patience(state.feed)
  }

  /// Whether something on the screen counts seconds.
  static func showsClock(_ state: ExplorerState) -> Bool {
    state.screen == TrainScreen.self && state.feed.session.cost?.stage == .measuring
  }

  // MARK: - View

  /// The frame for this state.
  static func frame(_ state: ExplorerState, size: Size, pixels: PixelGeometry = .usual) -> Canvas {
    var canvas = Canvas(size: size, pixels: pixels, graphics: state.graphics)
    canvas.markers = state.markers
    guard size.columns >= smallestSize.columns, size.rows >= smallestSize.rows else {
      Chrome.drawTooSmall(on: &canvas)
      return canvas
    }
    Chrome.drawHeader(state, on: &canvas)
    let room = canvas.bounds.inset(columns: min(size.columns / 50, 2), rows: 2)
    state.screen.view(state, in: Chrome.drawIntroduction(state, in: room, on: &canvas), on: &canvas)
    Chrome.drawFooter(state, on: &canvas)
    if state.help != nil || state.question != nil { canvas.dropMarks() }
    if let help = state.help { HelpPanel.draw(help, state, on: &canvas) }
    if let question = state.question { Chrome.draw(question, state, on: &canvas) }
    return canvas
  }
}
