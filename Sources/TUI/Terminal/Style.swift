import Engine
import Glibc

/// What a piece of text means; the theme decides how that looks.
package enum Ink: String, CaseIterable, Sendable {
  case normal, dim, title, accent, baseline, tuned, good, bad, warning
}

/// How a cell is drawn: its meaning, and whether the eye should stop there.
package struct Style: Equatable, Hashable, Sendable {
  package var ink = Ink.normal
  package var isBold = false
  package var isSelected = false

  package static let normal = Style()
  package static let dim = Style(ink: .dim)
  package static let title = Style(ink: .title, isBold: true)
  package static let accent = Style(ink: .accent)
  package static let baseline = Style(ink: .baseline)
  package static let tuned = Style(ink: .tuned)
  package static let good = Style(ink: .good)
  package static let bad = Style(ink: .bad)
  package static let warning = Style(ink: .warning)

  package var bold: Style { Style(ink: ink, isBold: true, isSelected: isSelected) }

  package func selected(_ isSelected: Bool = true) -> Style { Style(ink: ink, isBold: isBold, isSelected: isSelected) }
}

extension Double {
  /// A change as it is written, coloured by whether it is for the better; one that is not sure has no colour.
  package func change(decimals: Int = 1, isSure: Bool, moreIsBetter: Bool = true) -> (text: String, style: Style) {
    let isNone = (self * pow(10, Double(decimals))).rounded() == 0
    // Never “−0.0”.
    let text = (isNone ? 0 : self).signed(decimals: decimals)
    return (text, isNone ? .dim : !isSure ? .normal : (self > 0) == moreIsBetter ? .good : .bad)
  }
}
