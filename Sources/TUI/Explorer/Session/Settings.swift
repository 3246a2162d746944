import Engine
import Foundation
import Terminal

/// What the explorer remembers of a person's choices: `$XDG_CONFIG_HOME/diva-tui/settings.json`.
///
/// What is missing in the file has its usual value, so that old files and files by hand work.
struct Settings: Equatable, Sendable {
  enum Ground: String, Sendable, CaseIterable { case auto, dark, light }

  /// How pictures are shown where that works; nil leaves it to the terminal.
  var graphics: Graphics?
  var markers = Markers.braille
  /// Whether colours are for a dark or a light ground; `auto` asks the terminal.
  var theme = Ground.auto
  var mouse = true
  /// Whether each screen has a line that says what it shows.
  var introductions = true
  /// The title of the screen that was open last.
  var screen: String?

  var isLight: Bool? { theme == .auto ? nil : theme == .light }

  static func path(_ environment: [String: String]) -> String {
    // The standard says so of an empty or a relative path: what it means depends on where the program was started.
    func named(_ variable: String) -> String? { environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    return (named("XDG_CONFIG_HOME") ?? (named("HOME") ?? NSTemporaryDirectory()) + "/.config")
      + "/diva-tui/settings.json"
  }

  /// The settings of a file; the usual ones where there is no file. Throws a `Problem` that names what is wrong in it.
  init(reading path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else { return }
    let object: Any
    do { object = try JSONSerialization.jsonObject(with: data) } catch {
      throw Self.problem(path, "it is no JSON")
    }
    guard let fields = object as? [String: Any] else { throw Self.problem(path, "it is no JSON object") }
    graphics = try Self.choice(fields, "graphics", path, Graphics.allCases)
    markers = try Self.choice(fields, "markers", path, Markers.allCases) ?? markers
    theme = try Self.choice(fields, "theme", path, Ground.allCases) ?? theme
    mouse = try Self.flag(fields, "mouse", path) ?? mouse
    introductions = try Self.flag(fields, "introductions", path) ?? introductions
    screen = fields["screen"] as? String
  }

  init() {}

  private static func flag(_ fields: [String: Any], _ name: String, _ path: String) throws -> Bool? {
    guard let value = fields[name] else { return nil }
    guard let isOn = value as? Bool else { throw problem(path, "“\(name)” is neither true nor false") }
    return isOn
  }

  private static func choice<Choice: RawRepresentable<String>>(
    _ fields: [String: Any], _ name: String, _ path: String, _ choices: [Choice]
  ) throws -> Choice? {
    guard let value = fields[name], !(value is NSNull) else { return nil }
    if let choice = (value as? String).flatMap({ Choice(rawValue: $0) }) { return choice }
    throw problem(path, "“\(name)” is none of \(choices.map(\.rawValue).joined(separator: ", "))")
  }

  private static func problem(_ path: String, _ reason: String) -> Problem {
    Problem("cannot take the settings from \(path): \(reason)", advice: "mend or delete that file")
  }

  /// These, with what changed from the first to the second, and the screen that was open last.
  func taking(changesFrom first: Settings, to second: Settings) -> Settings {
    var settings = self
    if second.graphics != first.graphics { settings.graphics = second.graphics }
    if second.markers != first.markers { settings.markers = second.markers }
    if second.mouse != first.mouse { settings.mouse = second.mouse }
    if second.theme != first.theme { settings.theme = second.theme }
    if second.introductions != first.introductions { settings.introductions = second.introductions }
    settings.screen = second.screen
    return settings
  }

  func write(to path: String) throws {
    var fields: [String: Any] = [
      "markers": markers.rawValue, "theme": theme.rawValue, "mouse": mouse, "introductions": introductions,
    ]
    if let graphics { fields["graphics"] = graphics.rawValue }
    if let screen { fields["screen"] = screen }
    let data = try JSONSerialization.data(withJSONObject: fields, options: [.prettyPrinted, .sortedKeys])
    let folder = URL(filePath: path).deletingLastPathComponent().path
    try FileManager.default.makeFolder(folder, advice: "set XDG_CONFIG_HOME to a folder that can be written")
    try DurableFile.write(data + Data("\n".utf8), to: path)
  }
}

extension ExplorerState {
  /// Takes up what the person chose in earlier sessions.
  mutating func apply(_ settings: Settings) {
    (markers, usesMouse, isIntroductionShown) = (settings.markers, settings.mouse, settings.introductions)
    if let chosen = settings.graphics, graphicsChoices.contains(chosen) {
      (graphics, areGraphicsChosen) = (chosen, true)
    }
  }

  /// Opens the screen of this title, if there is one.
  mutating func open(_ title: String?) {
    if let screen = Explorer.screens.first(where: { $0.title == title }), screen.unavailable(self) == nil {
      self.screen = screen
    }
  }

  /// The same as they are now. A way of showing pictures that is the best one here is no choice.
  func settings(from before: Settings) -> Settings {
    var settings = before
    (settings.markers, settings.mouse, settings.screen) = (markers, usesMouse, screen.title)
    (settings.introductions, settings.theme) = (isIntroductionShown, isLight ? .light : .dark)
    if areGraphicsChosen { settings.graphics = graphics == graphicsChoices.first ? nil : graphics }
    return settings
  }
}
