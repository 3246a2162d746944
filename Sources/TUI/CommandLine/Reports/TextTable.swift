import Engine
import Foundation

/// Columns of text for a terminal: the first one begins at the left, the others end at the right.
enum TextTable {
  /// What stands in a cell keeps to it: without control characters and line breaks.
  static func text(_ rows: [[String]]) -> String {
    let rows = rows.map { $0.map { $0.withoutControlCharacters() } }
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  static func number(_ value: Double, _ places: Int) -> String {
    value.isFinite ? String(format: "%.\(places)f", value) : value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞"
  }

  static func signed(_ value: Double, _ places: Int) -> String {
    // As it is written, so that −0.04 is not a loss.
    let isLoss = (value * pow(10, Double(places))).rounded() < 0
    return (isLoss ? "−" : "+") + number(abs(value), places)
  }

  static func probability(_ value: Double) -> String {
    value < 0.0001 ? String(format: "%.1e", value) : number(value, 4)
  }

  /// Seconds in the unit that leaves few digits.
  static func time(_ seconds: Double) -> String {
    switch seconds {
    case ..<1e-3: number(seconds * 1e6, 1) + " µs"
    case ..<1: number(seconds * 1e3, 2) + " ms"
    default: number(seconds, 2) + " s"
    }
  }
}
