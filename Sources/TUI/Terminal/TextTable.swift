import Engine

/// Columns of text for a terminal: the first one begins at the left, the others end at the right.
package enum TextTable {
  /// What stands in a cell keeps to it: without control characters and line breaks.
  package static func text(_ rows: [[String]]) -> String {
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
}
