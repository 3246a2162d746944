/// How meanings look: on a dark or a light background, with many colours, with eight, or with none (NO_COLOR).
///
/// Colour never carries a meaning alone: whatever is coloured also has a word, a mark or a place.
struct Theme: Equatable, Sendable {
  var isLight = false
  var depth = ColorDepth.cube256

  /// Colour numbers of the terminal's palette (-1: its own default) and attributes for one style.
  struct Look: Equatable, Hashable, Sendable {
    var foreground = -1
    var background = -1
    var isBold = false
    var isDim = false
    var isReversed = false
  }

  func look(_ style: Style) -> Look {
    var look = Look(isBold: style.isBold)
    switch depth {
    case .none:
      look.isBold = style.isBold || style.ink == .accent || style.ink == .tuned
      look.isDim = !style.isSelected && (style.ink == .dim || style.ink == .baseline)
      look.isReversed = style.isSelected
    case .eight:
      // Reversed colours would make a patchwork of a selected row: there all inks are one.
      look.foreground = style.isSelected ? -1 : eightColor(style.ink)
      look.isDim = !style.isSelected && style.ink == .dim
      look.isReversed = style.isSelected
    case .cube256, .trueColor:
      look.foreground = cubeColor(style.ink)
      if style.isSelected { look.background = isLight ? 254 : 236 }
    }
    return look
  }

  private func cubeColor(_ ink: Ink) -> Int {
    switch ink {
    case .normal: isLight ? 236 : 252
    case .title: isLight ? 232 : 231
    case .dim: isLight ? 243 : 244
    case .accent: isLight ? 30 : 80
    case .baseline: isLight ? 25 : 111
    case .tuned: isLight ? 166 : 215
    case .good: isLight ? 28 : 114
    case .bad: isLight ? 160 : 203
    case .warning: isLight ? 130 : 221
    }
  }

  private func eightColor(_ ink: Ink) -> Int {
    switch ink {
    case .normal, .title, .dim: -1
    case .accent: 6
    case .baseline: isLight ? 4 : 6
    case .tuned, .warning: isLight ? 5 : 3
    case .good: 2
    case .bad: 1
    }
  }
}
