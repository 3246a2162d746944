import Foundation
import Testing

@testable import Explorer

@Suite("The key table of the docs")
struct KeyTableTests {
  private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/keys.md")
  private static let marks = (start: "<!-- keys: make golden -->\n", end: "<!-- end of keys -->")

  /// `make golden` writes the table again.
  @Test("lists the keys as they are")
  func keys() throws {
    let text = try String(contentsOf: Self.file, encoding: .utf8)
    let start = try #require(text.range(of: Self.marks.start), "docs/keys.md has lost its mark for the keys")
    let end = try #require(text.range(of: Self.marks.end), "docs/keys.md has lost its mark for the end of the keys")
    let table = text[start.upperBound..<end.lowerBound]
    if ProcessInfo.processInfo.environment["DIVA_GOLDEN"] == "write" {
      try text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: keyTableMarkdown() + "\n")
        .write(to: Self.file, atomically: true, encoding: .utf8)
    }
    #expect(table.trimmingCharacters(in: .newlines) == keyTableMarkdown().trimmingCharacters(in: .newlines))
  }
}

/// All keys and commands as a Markdown table, for docs/keys.md.
func keyTableMarkdown() -> String {
  let header = ["| screen | key | command | what it does |", "|---|---|---|---|"]
  let groups = [("everywhere", Explorer.keys)] + Explorer.screens.map { ($0.title, $0.keys) }
  let rows = groups.flatMap { name, bindings in
    bindings.map { binding in
      let commands = binding.commands.map { "`\($0.name)`" }.joined(separator: " ")
      return "| \(name) | `\(binding.keyNames)` | \(commands) | \(binding.tooltip) |"
    }
  }
  let commands = Commands.all.map { command in
    "| everywhere | | `\(command.usage.replacing("|", with: "\\|"))` | \(command.tooltip) |"
  }
  return (header + rows + commands).joined(separator: "\n") + "\n"
}
