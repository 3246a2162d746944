import Foundation
import Testing

@testable import Terminal

/// Whether colours can be told apart and read, also by eyes that lack one of the three kinds of cones.
@Suite("The theme's colours") struct ThemeTests {
  /// Eyes: how linear red, green and blue mix (Machado, Oliveira and Fernandes 2009, severity 1).
  enum Eyes: String, CaseIterable {
    case usual, deuteranopia, protanopia

    var mixing: [[Double]] {
      switch self {
      case .usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
      case .deuteranopia:
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
      case .protanopia:
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
      }
    }
  }

  /// Linear red, green and blue of a colour of xterm's palette.
  private static func linear(_ number: Int) -> [Double] {
    let levels = [0, 95, 135, 175, 215, 255]
    let cube = number - 16
    let values =
      number >= 232
      ? Array(repeating: 8 + 10 * (number - 232), count: 3)
      : [levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6]]
    return values.map { value in
      let part = Double(value) / 255
      return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
    }
  }

  private static func seen(_ number: Int, by eyes: Eyes) -> [Double] {
    let light = linear(number)
    return eyes.mixing.map { row in min(max(zip(row, light).map(*).reduce(0, +), 0), 1) }
  }

  /// CIE L*a*b* for daylight (D65).
  private static func lab(_ light: [Double]) -> [Double] {
    let (red, green, blue) = (light[0], light[1], light[2])
    let parts = [
      (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047, 0.2126 * red + 0.7152 * green + 0.0722 * blue,
      (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    ].map { $0 > 0.008856 ? cbrt($0) : 7.787 * $0 + 16.0 / 116 }
    return [116 * parts[1] - 16, 500 * (parts[0] - parts[1]), 200 * (parts[1] - parts[2])]
  }

  private static func difference(_ one: Int, _ other: Int, by eyes: Eyes) -> Double {
    let (a, b) = (lab(seen(one, by: eyes)), lab(seen(other, by: eyes)))
    return zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
  }

  private static func contrast(_ one: Int, _ other: Int) -> Double {
    func luminance(_ number: Int) -> Double {
      let light = linear(number)
      return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
    }
    let (low, high) = (min(luminance(one), luminance(other)), max(luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
  }

  @Test("What must be told apart differs to all eyes", arguments: Eyes.allCases, [false, true])
  func pairs(eyes: Eyes, isLight: Bool) {
    let theme = Theme(isLight: isLight)
    let pairs: [(Ink, Ink)] = [
      (.good, .bad), (.baseline, .tuned), (.good, .warning), (.baseline, .dim), (.tuned, .dim), (.bad, .dim),
    ]
    for (one, other) in pairs {
      let colors = [one, other].map { theme.look(Style(ink: $0)).foreground }
      // 2.3 is the least that is seen side by side; 20 is seen in single letters.
      #expect(Self.difference(colors[0], colors[1], by: eyes) >= 20, "\(one) and \(other)")
    }
  }

  @Test("Text stands out from its ground", arguments: [false, true])
  func contrast(isLight: Bool) {
    let theme = Theme(isLight: isLight)
    for ink in Ink.allCases {
      // Near black and near white, as terminals have them.
      #expect(Self.contrast(theme.look(Style(ink: ink)).foreground, isLight ? 231 : 234) >= 4.2, "\(ink)")
    }
  }
}
