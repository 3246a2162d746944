import ArgumentParser
import Explorer
import Terminal

/// How the explorer looks, and whether one frame of it is enough.
struct LookOptions: ParsableArguments {
  @Option(
    help: "How pictures are drawn: kitty, sixel, iterm2, blocks, ascii or none. (default: the best the terminal has)")
  var graphics: Graphics?

  @Option(help: "How curves are drawn: braille, block or ascii. (default: braille)")
  var markers: Markers?

  @Option(help: "The ground that colours are for: dark or light. (default: the terminal's)")
  var theme: Theme?

  @Flag(help: "Print one frame of a run as text, and exit.")
  var once = false

  @Option(help: "With --once: also write the frame as a PNG file, with its pictures.")
  var png: String?

  @Option(help: "With --once: the screen, by its title. (default: the first)")
  var screen: String?

  @Option(
    help: "With --once: columns and rows of the frame, 20x8 to 500x300. (default: 120x36)",
    transform: SheetSize.init(parsing:))
  var size: SheetSize?

  enum Theme: String, ExpressibleByArgument, CaseIterable { case dark, light }

  var look: InteractiveExplorer.Look {
    InteractiveExplorer.Look(graphics: graphics, markers: markers, isLight: theme.map { $0 == .light })
  }

  func validate(runs: [String]) throws {
    guard once else {
      if png == nil && screen == nil && size == nil { return }
      throw ValidationError("--png, --screen and --size are for --once.")
    }
    if runs.isEmpty { throw ValidationError("--once shows a run; name its folder.") }
  }
}

/// “120x36”.
struct SheetSize {
  let size: Size

  init(parsing argument: String) throws {
    let numbers = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let columns = numbers[0], let rows = numbers[1], (20...500).contains(columns),
      (8...300).contains(rows)
    else { throw ValidationError("expected columns and rows, from 20x8 to 500x300, such as 120x36") }
    size = Size(columns: columns, rows: rows)
  }
}

extension Graphics: ExpressibleByArgument {}
extension Markers: ExpressibleByArgument {}
