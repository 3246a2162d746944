/// How meanings look: on a dark or a light background, with many colours, with eight, or with none (NO_COLOR).
///
/// Colour never carries a meaning alone: whatever is coloured also has a word, a mark or a place. The colours are near
/// those of Okabe and Ito, so that better and worse, baseline and tuned differ to colour-blind eyes, too.
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
      look.foreground = style.isSelected ? -1 : color(style.ink)
      look.isDim = !style.isSelected && style.ink == .dim
      look.isReversed = style.isSelected
    case .cube256, .trueColor:
      look.foreground = color(style.ink)
      if style.isSelected { look.background = isLight ? 254 : 236 }
    }
    return look
  }

  private func color(_ ink: Ink) -> Int {
    typealias Grounds = (dark: Int, light: Int)
    let (cube, eight): (Grounds, Grounds) =
      switch ink {
      case .normal: ((252, 236), (-1, -1))
      case .title: ((231, 232), (-1, -1))
      case .dim: ((244, 243), (-1, -1))
      case .accent: ((80, 30), (6, 6))
      case .baseline: ((111, 25), (6, 4))
      case .tuned: ((215, 130), (3, 5))
      case .good: ((78, 29), (2, 2))
      case .bad: ((202, 160), (1, 1))
      case .warning: ((227, 94), (3, 5))
      }
    let grounds = depth == .eight ? eight : cube
    return isLight ? grounds.light : grounds.dark
  }
}
