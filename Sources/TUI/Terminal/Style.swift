/// What a piece of text means; the theme decides how that looks.
enum Ink: String, CaseIterable, Sendable {
  case normal, dim, title, accent, baseline, tuned, good, bad, warning
}

/// How a cell is drawn: its meaning, and whether the eye should stop there.
struct Style: Equatable, Hashable, Sendable {
  var ink = Ink.normal
  var isBold = false
  var isSelected = false

  static let normal = Style()
  static let dim = Style(ink: .dim)
  static let title = Style(ink: .title, isBold: true)
  static let accent = Style(ink: .accent)
  static let baseline = Style(ink: .baseline)
  static let tuned = Style(ink: .tuned)
  static let good = Style(ink: .good)
  static let bad = Style(ink: .bad)
  static let warning = Style(ink: .warning)

  var bold: Style { Style(ink: ink, isBold: true, isSelected: isSelected) }

  func selected(_ isSelected: Bool = true) -> Style { Style(ink: ink, isBold: isBold, isSelected: isSelected) }
}
