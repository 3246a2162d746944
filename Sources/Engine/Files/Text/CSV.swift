/// Comma-separated values as RFC 4180 and Python's `csv` have them.
///
///     for row in try CSV.rows(in: bytes) { print(row.line, row.fields) }
public enum CSV {
  /// One record, and the line of the file on which it begins, counted from 1.
  public struct Row: Equatable, Sendable {
    public let line: Int
    public let fields: [String]
  }

  /// Reads UTF-8 text. Lines end with LF, CR LF or CR; a byte order mark and empty lines are passed over.
  ///
  /// A field in quotes may hold commas, line ends and doubled quotes; a quote inside an unquoted field is a character
  /// like any other. Throws a `Problem` when the text ends within quotes (then the file was cut), and for text that is not
  /// UTF-8.
  public static func rows(in bytes: some Collection<UInt8>) throws -> [Row] {
    var reader = Reader()
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    for byte in bytes.dropFirst(bytes.starts(with: byteOrderMark) ? 3 : 0) { try reader.take(byte) }
    return try reader.finish()
  }

  /// Writes one line for each row; a field is quoted when it must be.
  public static func text(_ rows: [[String]], lineEnd: String = "\r\n") -> String {
    rows.map { row in
      row == [""] ? "\"\"\(lineEnd)" : row.map(quoted).joined(separator: ",") + lineEnd
    }.joined()
  }

  private static func quoted(_ field: String) -> String {
    let mustQuote = field.unicodeScalars.contains { [",", "\"", "\r", "\n"].contains($0) }
    guard mustQuote else { return field }
    // By scalars: a combining mark after a quote must not hide it.
    var result = String.UnicodeScalarView()
    for scalar in field.unicodeScalars {
      result.append(scalar)
      if scalar == "\"" { result.append(scalar) }
    }
    return "\"\(String(result))\""
  }
}

/// Takes a file byte by byte.
private struct Reader {
  private enum State {
    case fieldStart, plain, quoted, afterQuote
  }

  private var state = State.fieldStart
  private var rows: [CSV.Row] = []
  private var fields: [String] = []
  private var field: [UInt8] = []
  private var line = 1
  private var rowLine = 1
  private var previous: UInt8 = 0

  mutating func take(_ byte: UInt8) throws {
    defer { previous = byte }
    let isLineEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    let isSecondHalf = byte == UInt8(ascii: "\n") && previous == UInt8(ascii: "\r")
    if isLineEnd && !isSecondHalf { line += 1 }
    if state == .quoted {
      if byte == UInt8(ascii: "\"") { state = .afterQuote } else { field.append(byte) }
    } else if isLineEnd {
      if !isSecondHalf { try endRow() }
    } else if byte == UInt8(ascii: ",") {
      try endField()
    } else if byte == UInt8(ascii: "\"") && state == .fieldStart {
      state = .quoted
    } else {
      // The second of two quotes inside quotes stands for one, and the field goes on.
      let isDoubled = byte == UInt8(ascii: "\"") && state == .afterQuote
      state = isDoubled ? .quoted : .plain
      field.append(byte)
    }
  }

  mutating func finish() throws -> [CSV.Row] {
    if state == .quoted {
      throw Problem(
        "the quotes of the row that begins on line \(rowLine) are never closed", advice: "Get the file again.")
    }
    try endRow()
    return rows
  }

  private mutating func endField() throws {
    guard let text = String(validating: field, as: UTF8.self) else {
      throw Problem(
        "line \(rowLine) is not UTF-8 text, but of another encoding, such as Excel's Windows-1252",
        advice: "save the table as CSV UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8")
    }
    fields.append(text)
    field.removeAll(keepingCapacity: true)
    state = .fieldStart
  }

  private mutating func endRow() throws {
    let isEmpty = fields.isEmpty && field.isEmpty && state == .fieldStart
    if !isEmpty {
      try endField()
      rows.append(CSV.Row(line: rowLine, fields: fields))
    }
    fields = []
    rowLine = line
  }
}
