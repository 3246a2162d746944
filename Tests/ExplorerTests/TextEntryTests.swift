import Testing

@testable import Explorer
@testable import Terminal

@Suite("A line that a person writes")
struct TextEntryTests {
  @Test("takes letters where the block stands, and moves")
  func writing() {
    var entry = TextEntry("ab cd")
    for key in [Key.left, .left, "x", .home, "é", .end, .backspace] { take(key, &entry) }
    #expect(entry.text == "éab xc" && entry.place == 6)
    take(.control("w"), &entry)
    #expect(entry.text == "éab ")
    take(.control("w"), &entry)
    for key in [Key.backspace, .left, .right] { take(key, &entry) }
    #expect(entry.text == "" && entry.place == 0)
    for key in [Key.enter, .up] { take(key, &entry, isOwn: false) }
    for _ in 0..<1000 { take("a", &entry) }
    #expect(entry.text.count == 500)
    take(.control("u"), &entry)
    #expect(entry.text == "")
  }

  private func take(_ key: Key, _ entry: inout TextEntry, isOwn: Bool = true) {
    let isTaken = entry.take(key)
    #expect(isTaken == isOwn)
  }

  @Test("shows its end where there is little room")
  func narrow() {
    var canvas = Canvas(size: Size(columns: 12, rows: 1))
    let end = TextEntry("abcdefghijklmnop").draw(2, 0, limit: 10, on: &canvas)
    #expect(end <= 10 && canvas[2, 0].character == "…" && canvas[7, 0].character == "p")
  }
}
