import Engine
import Terminal

/// What a person can write after “:”: what a key does, by its name, or something with arguments.
struct Command: Sendable {
  let name: String
  /// What follows the name: "csv|json [FILE]"; empty for nothing.
  var arguments = ""
  let tooltip: String
  /// What can be written next, after the arguments that are there.
  var choices: @Sendable (ExplorerState, [String]) -> [String] = { _, _ in [] }
  /// The screen on which it works; nil for everywhere.
  var screen: (any Screen.Type)?
  /// Throws a `Problem` with what was expected.
  let run: @Sendable (inout ExplorerState, String) throws -> [Work]

  /// As it is written: "export csv|json [FILE]".
  var usage: String { arguments.isEmpty ? name : "\(name) \(arguments)" }
}

extension Command {
  private init(_ name: String, _ key: Key, of binding: Binding, on screen: (any Screen.Type)?) {
    self.init(name: name, tooltip: binding.tooltip, screen: screen) { state, argument in
      guard argument.isEmpty else { throw Problem("“\(name)” takes nothing after it") }
      return binding.perform(key, as: name, &state)
    }
  }

  /// All of them, by name; those of the screen that is open go before another screen's of the same name.
  static func all(_ state: ExplorerState) -> [Command] {
    let screens = [state.screen] + Explorer.screens.filter { $0 != state.screen }
    let keys = Explorer.keys.flatMap { binding in
      binding.commands.map { Command($0.name, $0.key, of: binding, on: nil) }
    }
    let own = screens.flatMap { screen in
      screen.keys.flatMap { binding in
        binding.commands.map { Command($0.name, $0.key, of: binding, on: screen) }
      }
    }
    var known: Set<String> = []
    return (Commands.all + keys + own).filter { known.insert($0.name).inserted }.sorted { $0.name < $1.name }
  }

  static func named(_ name: String, _ state: ExplorerState) -> Command? { all(state).first { $0.name == name } }
}

/// The line behind “:”, while it is written and when it is done.
enum CommandLine {
  static func open(_ state: inout ExplorerState, _ text: String = "") { state.command = TextEntry(text) }

  /// Takes a key while the line is written.
  static func take(_ key: Key, _ entry: TextEntry, _ state: inout ExplorerState) -> [Work] {
    var entry = entry
    // An empty line has nothing to take away but itself.
    if key == .backspace, entry.text.isEmpty {
      state.command = nil
      return []
    }
    let current = state
    switch entry.take(key, history: state.commandHistory, completed: { completed($0, current) }) {
    case .finished:
      state.command = nil
      return run(entry.text.trimmed, &state)
    case .left: state.command = nil
    case .changed: state.command = entry
    case .ignored: break
    }
    return []
  }

  /// Does what the line says, or says what is wrong with it.
  static func run(_ line: String, _ state: inout ExplorerState) -> [Work] {
    if line.isEmpty { return [] }
    state.commandHistory.remember(line)
    let (name, argument) = split(line)
    guard let command = Command.named(name, state) else {
      state.hint(unknown(name, state))
      return []
    }
    if let screen = command.screen, screen != state.screen, !screen.keys.isShared(command.name, with: state.screen.keys)
    {
      state.hint("“\(name)” is a command of \(screen.title): \(screen.number) goes there")
      return []
    }
    do {
      return try command.run(&state, argument)
    } catch {
      let problem = Problem(error)
      state.hint([problem.message, problem.advice].compactMap(\.self).joined(separator: "; "))
      return []
    }
  }

  private static func split(_ line: String) -> (name: String, argument: String) {
    let parts = line.split(separator: " ", maxSplits: 1)
    return (parts.first.map(String.init) ?? "", parts.count > 1 ? String(parts[1]) : "")
  }

  private static func unknown(_ name: String, _ state: ExplorerState) -> String {
    let names = Command.all(state).map(\.name)
    let near = names.min { NameDistance.between(name, $0) < NameDistance.between(name, $1) }
    let begins = names.filter { $0.hasPrefix(name) }
    if !begins.isEmpty { return "“\(name)” is not whole: \(begins.prefix(4).joined(separator: ", "))" }
    guard let near, NameDistance.between(name, near) <= max(2, name.count / 3) else {
      return "there is no command “\(name)”; ? lists them, Tab finishes their names"
    }
    return "there is no command “\(name)”: did you mean “\(near)”?"
  }

  // MARK: - Completion

  /// What the unfinished word can become: the names of commands, or the arguments of one.
  static func candidates(_ text: String, _ state: ExplorerState) -> [String] {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    let word = words.last ?? ""
    guard words.count > 1 else { return Command.all(state).map(\.name).filter { $0.hasPrefix(word) } }
    let earlier = words.dropFirst().dropLast().filter { !$0.isEmpty }
    return Command.named(words[0], state)?.choices(state, earlier).filter { $0.hasPrefix(word) } ?? []
  }

  /// The text with its last word finished, as far as all candidates agree.
  static func completed(_ text: String, _ state: ExplorerState) -> String {
    let candidates = candidates(text, state)
    guard let first = candidates.first else { return text }
    let start = String(text[..<(text.lastIndex(of: " ").map { text.index(after: $0) } ?? text.startIndex)])
    if candidates.count == 1 { return start + first + " " }
    var common = Substring(first)
    for candidate in candidates { while !candidate.hasPrefix(common) { common.removeLast() } }
    return start + common
  }
}

extension [Binding] {
  /// Whether both have a command of this name.
  fileprivate func isShared(_ name: String, with others: [Binding]) -> Bool {
    [self, others].allSatisfy { $0.contains { $0.commands.contains { $0.name == name } } }
  }
}
