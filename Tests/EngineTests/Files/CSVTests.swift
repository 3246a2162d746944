import Engine
import Foundation
import Testing

@Suite struct CSVTests {
  @Test func theFixtureIsThere() {
    #expect(CSVFixture.it.reading.count == 29 && CSVFixture.it.writing.count == 8)
  }

  @Test("Reading gives the rows that Python reads", arguments: CSVFixture.it.reading)
  func reading(it: CSVFixture.Reading) throws {
    let rows = try CSV.rows(in: it.text.utf8).map(\.fields)

    #expect(rows.map { $0.map { Array($0.utf8) } } == it.rows.map { $0.map { Array($0.utf8) } })
  }

  @Test("Writing gives the bytes that Python writes", arguments: CSVFixture.it.writing)
  func writing(it: CSVFixture.Writing) {
    #expect(Array(CSV.text(it.rows).utf8) == Array(it.crlf.utf8))
    #expect(Array(CSV.text(it.rows, lineEnd: "\n").utf8) == Array(it.lf.utf8))
  }

  @Test("What is written is read again", arguments: CSVFixture.it.writing)
  func roundTrip(it: CSVFixture.Writing) throws {
    #expect(try CSV.rows(in: CSV.text(it.rows).utf8).map(\.fields) == it.rows)
  }

  @Test func aByteOrderMarkIsNoPartOfTheFirstField() throws {
    let rows = try CSV.rows(in: Array("\u{FEFF}Question ID,Type\n".utf8))

    #expect(rows.first?.fields.first == "Question ID")
  }

  @Test func aRowKnowsItsLine() throws {
    let rows = try CSV.rows(in: Array("a\r\n\r\n\"b\r\nb\"\r\nc\rd".utf8))

    #expect(rows.map(\.line) == [1, 3, 5, 6] as [Int])
  }

  @Test func quotesThatNeverCloseAreRefused() {
    let problem = #expect(throws: Problem.self) { try CSV.rows(in: Array("a,b\nc,\"d\n".utf8)) }

    #expect(problem?.message == "the quotes of the row that begins on line 2 are never closed")
  }
}

extension CSVTests {
  @Test(
    "Text of another encoding is refused with its line, not read with other letters",
    arguments: [
      ([0x61, 0x0A, 0x63, 0x61, 0x66, 0xE9, 0x0A] as [UInt8], 2), ([0xFF, 0xFE, 0x61, 0x00] as [UInt8], 1),
    ])
  func otherEncodings(bytes: [UInt8], line: Int) {
    let problem = #expect(throws: Problem.self) { try CSV.rows(in: bytes) }

    #expect(problem?.message.hasPrefix("line \(line) is not UTF-8 text") == true)
  }
}

/// What Tests/Reference/python_csv.py read and wrote.
struct CSVFixture: Decodable {
  struct Reading: Decodable, Sendable {
    let text: String
    let rows: [[String]]
  }

  struct Writing: Decodable, Sendable {
    let rows: [[String]]
    let crlf: String
    let lf: String
  }

  let reading: [Reading]
  let writing: [Writing]

  static let it: CSVFixture = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let url = tests.deletingLastPathComponent().appending(path: "Fixtures/python_csv.json")
    let read = try? JSONDecoder().decode(CSVFixture.self, from: Data(contentsOf: url))
    return read ?? CSVFixture(reading: [], writing: [])
  }()
}
