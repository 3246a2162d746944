import Foundation
import Testing

@testable import Engine
@testable import Recap
@testable import Terminal
@testable import diva_tui

/// Text from files meets the terminal in results, errors and screens. None of it may steer the terminal there.
struct TerminalTextTests {
  /// An escape sequence, C1's one-letter form of it, a title, a line of its own, other writing directions, no width.
  static let hostile =
    "\u{1B}[31mred\u{9B}0m\u{1B}]0;title\u{7}\r\nline\u{85}\u{202E}txt.\u{2066}exe\u{200B}\u{FEFF}\u{2028}"
  private static let plain = "[31mred0m]0;titlelinetxt.exe"

  @Test("whatever a terminal would obey is taken out, on the way to every output")
  func taken() {
    #expect(Self.hostile.withoutControlCharacters() == Self.plain)
    #expect(Self.hostile.shown == Self.plain)
    #expect(Self.hostile.safeForTerminal.unicodeScalars.allSatisfy { !$0.steersTerminals })
  }

  @Test("people's scripts, combined letters and joined emoji stay")
  func kept() {
    let text = "naïve e\u{301} 日本語 עברית العربية 👩‍👧 ½ …"
    #expect(text.withoutControlCharacters() == text)
  }

  @Test("an error has its own two lines, whatever stands in its names")
  func errors() {
    let problem = Problem("cannot read \(Self.hostile)", advice: "look at \(Self.hostile)")
    #expect(problem.description == "cannot read \(Self.plain)\n  look at \(Self.plain)")
    #expect(!problem.oneLine.contains("\n"))
  }

  /// What a console got.
  private final class Ears: @unchecked Sendable { var text = "" }

  private func console(_ ears: Ears) -> Console {
    Console(
      output: { ears.text += String(decoding: $0, as: UTF8.self) }, log: { ears.text += $0 }, environment: [:],
      isWatched: false, interruption: { nil })
  }

  @Test("results and notes are clean; JSON has escapes that give the same text back")
  func outputs() throws {
    let ears = Ears()
    try console(ears).print(Self.hostile)
    console(ears).note(Self.hostile)
    try console(ears).json([Self.hostile, "👩‍👧", "\u{E0001}\u{7F}"])

    #expect(ears.text == ears.text.withoutControlCharacters(keepingNewlines: true))
    let line = try #require(ears.text.split(separator: "\n").last)
    #expect(try JSONDecoder().decode([String].self, from: Data(line.utf8)) == [Self.hostile, "👩‍👧", "\u{E0001}\u{7F}"])
  }

  @Test("the names of a hostile checkpoint are clean in what inspect prints")
  func inspection() throws {
    let entry = SafetensorsWriter.Entry.floats(Self.hostile, Tensor([1, 2], shape: [2]))
    let path = NSTemporaryDirectory() + "hostile-\(UUID().uuidString).safetensors"
    try SafetensorsWriter([entry]).write(to: path)
    defer { unlink(path) }
    let ears = Ears()

    let inspection = try Inspection(path)
    try console(ears).print(inspection.text)

    #expect(ears.text == ears.text.withoutControlCharacters(keepingNewlines: true))
    #expect(ears.text.contains(Self.plain))
  }

  @Test("a type of a table of pairs cannot write lines of its own into the error that names it")
  func table() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let rows = [["Question ID", "Type", "Statement"]] + ["1", "2"].map { [$0, Self.hostile, "a dog"] }
    try Data(CSV.text(rows).utf8).write(to: folder.appending(path: "Questions.csv"))

    let problem = #expect(throws: Problem.self) { try MMVPFolder(url: folder) }
    let text = try #require(problem).message
    #expect(text.contains(Self.plain) && text == text.withoutControlCharacters())
  }

  @Test("a canvas takes no cell that steers")
  func canvas() {
    var canvas = Canvas(size: Size(columns: 80, rows: 2))
    canvas.write(Self.hostile, 0, 0)
    #expect(canvas.cells.allSatisfy { $0.character.unicodeScalars.allSatisfy { !$0.steersTerminals || $0 == "\0" } })
  }
}
