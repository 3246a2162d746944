/// What a terminal can do, as far as the environment and its own answers show.
package struct TerminalCapabilities: Equatable, Sendable {
  package var hasSixel = false
  /// The way to kitty's graphics, where the terminal affirmed them.
  package var kitty: KittyRoute?
  package var hasInlineImages = false
  /// How the terminal names itself; empty where it does not.
  package var name = ""
  /// Whether it answered at all: then it takes the usual sequences, whatever TERM says.
  var answers = false
  /// Whether another program stands between this one and the terminal, tmux or screen.
  private var isMultiplexed = false
  /// tmux, if the terminal is one of its panes.
  package var tmux: Tmux?
  package var hasUTF8 = true
  package var depth = ColorDepth.eight
  package var isLight = false
  var hasSynchronizedOutput = false
  package var cell: PixelSize?
  var largestPicture: PixelSize?

  /// How pictures are shown by default: the best way that is known to work.
  package var graphics: Graphics { graphicsChoices[0] }

  /// The ways of showing pictures that work here, the best first.
  package var graphicsChoices: [Graphics] {
    let known: [(Graphics, Bool)] = [
      (.kitty, kitty != nil), (.sixel, hasSixel), (.iterm2, hasInlineImages), (.blocks, hasUTF8 && depth != .none),
      (.ascii, true), (.none, true),
    ]
    return known.filter(\.1).map(\.0)
  }

  var geometry: PixelGeometry {
    var geometry = PixelGeometry()
    if let cell { geometry.cell = cell }
    if let largestPicture { geometry.largestPicture = largestPicture }
    return geometry
  }
}

// MARK: - The environment

extension TerminalCapabilities {
  /// What the environment variables say: TERM, COLORTERM, COLORFGBG, NO_COLOR (no-color.org), and the locale.
  ///
  /// COLORTERM is handed on through programs and machines that know nothing of it: the terminal's answer counts more.
  package init(environment: [String: String]) {
    let term = environment["TERM"] ?? "dumb"
    isMultiplexed = ["tmux", "screen"].contains { term.hasPrefix($0) } || !(environment["TMUX"] ?? "").isEmpty
    let colorTerm = environment["COLORTERM"] ?? ""
    if !(environment["NO_COLOR"] ?? "").isEmpty || term == "dumb" || term.hasPrefix("vt") {
      depth = .none
    } else if ["truecolor", "24bit"].contains(colorTerm) || term.hasSuffix("-direct") {
      depth = .trueColor
    } else if term.hasSuffix("256color") {
      depth = .cube256
    }
    // Without any locale (a bare container) nearly every terminal still speaks UTF-8; a chosen locale is believed.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    let name = (locale ?? "C.UTF-8").lowercased()
    hasUTF8 = name.hasSuffix("utf-8") || name.hasSuffix("utf8")
    // "foreground;background" as palette numbers; 7 and 9–15 are the light ones.
    if let background = (environment["COLORFGBG"] ?? "").split(separator: ";").last.flatMap({ Int($0) }) {
      isLight = background == 7 || (9...15).contains(background)
    }
  }
}

// MARK: - The terminal's answers

extension TerminalCapabilities {
  /// All questions in one go. The last (DA1) is answered by every terminal: its answer means that no more will come.
  ///
  /// In order: text area in pixels, largest picture (XTSMGRAPHICS), cell in pixels, synchronized output (DECRQM),
  /// background colour (OSC 11), name (XTVERSION), whether a colour of 24 bits stays one (DECRQSS of SGR), kitty's
  /// graphics, device attributes.
  var questions: String {
    let color = "\u{1B}[48;2;\(Self.probe.map(String.init).joined(separator: ";"))m\u{1B}P$qm\u{1B}\\\u{1B}[0m"
    return "\u{1B}[?2;1;0S\u{1B}[?2;4;0S\u{1B}[16t\u{1B}[?2026$p\u{1B}]11;?\u{1B}\\\u{1B}[>0q" + color
      + (askedRoute.map { String(decoding: KittyCommands.question($0), as: UTF8.self) } ?? "") + "\u{1B}[c"
  }

  /// A colour that no palette has.
  private static let probe = [3, 77, 201]

  /// How kitty's graphics may be queried; nil inside a multiplexer that would take the question for text.
  private var askedRoute: KittyRoute? {
    if let tmux { return tmux.passesKitty ? .tmux : nil }
    return isMultiplexed ? nil : .direct
  }

  /// Whether the last answer is among these bytes. What comes through tmux comes later than tmux's own.
  func isComplete(_ answers: [UInt8]) -> Bool {
    let sequences = Self.sequences(in: answers)
    return sequences.contains { $0.hasPrefix("[?") && $0.hasSuffix("c") }
      && (askedRoute != .tmux || sequences.contains { $0.hasPrefix("_G") })
  }

  /// Takes up what the terminal answered; what it did not answer stays as it is.
  mutating func read(answers: [UInt8], size: Size) {
    let sequences = Self.sequences(in: answers)
    for sequence in sequences { read(sequence) }
    // Both graphics answers look alike; they come in the order of the questions.
    let areas = sequences.compactMap(Self.area)
    if areas.count == 2, areas[1].width > 0, areas[1].height > 0 { largestPicture = areas[1] }
    if cell == nil, let area = areas.first { cell = Self.cell(area: area, size: size) }
  }

  /// Takes up one answer, without its escape character and terminator.
  mutating func read(_ sequence: String) {
    let numbers = Self.numbers(in: sequence)
    if sequence.hasPrefix("P>|") {
      name = String(sequence.dropFirst(3))
      hasInlineImages = Self.inlineNames.contains { name.lowercased().hasPrefix($0) }
    } else if sequence.hasPrefix("P1$r"), sequence.hasSuffix("m") {
      readColor(isKept: Array(numbers.suffix(3)) == Self.probe)
    } else if sequence.hasPrefix("_Gi=31;OK") {
      kitty = askedRoute
    } else if sequence.hasPrefix("]11;") {
      isLight = Self.isLight(color: sequence) ?? isLight
    } else if sequence.hasPrefix("[?"), sequence.hasSuffix("c") {
      (hasSixel, answers) = (numbers.contains(4), true)
    } else if sequence.hasPrefix("[6;"), sequence.hasSuffix("t"), numbers.count == 3 {
      cell = Self.plausibleCell(PixelSize(width: numbers[2], height: numbers[1]))
    } else if sequence.hasSuffix("y"), numbers.count == 2, numbers[0] == 2026 {
      hasSynchronizedOutput = (1...3).contains(numbers[1])
    }
  }

  private mutating func readColor(isKept: Bool) {
    // tmux keeps every colour, whatever the terminal around it makes of it; NO_COLOR is the person's word.
    guard tmux == nil, depth != .none else { return }
    depth = isKept ? .trueColor : min(depth, .cube256)
  }

  /// Those that show iTerm2's inline images and give their name; others that show them have sixel as well.
  private static let inlineNames = ["iterm2", "wezterm", "mintty"]

  private static func area(_ sequence: String) -> PixelSize? {
    let numbers = numbers(in: sequence)
    guard sequence.hasSuffix("S"), numbers.count == 4, numbers[0] == 2, numbers[1] == 0 else { return nil }
    return PixelSize(width: numbers[2], height: numbers[3])
  }

  /// The cell of a window whose text area is `area` pixels; nil when the numbers cannot be true.
  static func cell(area: PixelSize, size: Size) -> PixelSize? {
    guard size.columns > 0, size.rows > 0 else { return nil }
    return plausibleCell(PixelSize(width: area.width / size.columns, height: area.height / size.rows))
  }

  private static func plausibleCell(_ cell: PixelSize) -> PixelSize? {
    (3...100).contains(cell.width) && (5...200).contains(cell.height) ? cell : nil
  }

  /// The escape sequences in these bytes, each without its escape character and string terminator.
  private static func sequences(in bytes: [UInt8]) -> [String] {
    let pieces = bytes.split(separator: 0x1B, omittingEmptySubsequences: true)
    return pieces.map { piece in String(decoding: piece.prefix { $0 != 7 }, as: UTF8.self) }.filter { $0 != "\\" }
  }

  private static func numbers(in sequence: String) -> [Int] {
    sequence.split { !$0.isNumber }.map { Int($0) ?? 0 }
  }

  /// "]11;rgb:ffff/ffff/ffff" (two or four digits each): light when its luma is above one half.
  private static func isLight(color: String) -> Bool? {
    guard let colon = color.firstIndex(of: ":") else { return nil }
    let parts = color[color.index(after: colon)...].split(separator: "/").map { part in
      Int(part, radix: 16).map { Double($0) / Double((1 << (4 * part.count)) - 1) }
    }
    guard parts.count == 3, let red = parts[0], let green = parts[1], let blue = parts[2] else { return nil }
    return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
  }
}
