import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Terminal

/// The explorer on a screen that nobody sees, and its frames compared with the ones that were looked at before.
struct TestExplorer {
  var state: ExplorerState
  var size: Size
  private(set) var work: [Work] = []

  init(_ state: ExplorerState = DemoFeed.state, columns: Int = 80, rows: Int = 24) {
    self.state = state
    size = Size(columns: columns, rows: rows)
  }

  mutating func take(_ event: ExplorerEvent) { work += Explorer.update(&state, event) }

  /// The session reports what it does now.
  mutating func report(_ change: (inout SessionActivity) throws -> Void) rethrows {
    var progress = state.feed.session
    try change(&progress)
    take(.activity(progress))
  }

  /// A run without any steps yet.
  mutating func open(_ name: String = "", steps: Int, alignSteps: Int = 100) {
    take(.opened(OpenedRun(name: name, plan: DemoFeed.plan(steps: steps, alignSteps: alignSteps))))
  }

  mutating func press(_ keys: Key...) { for key in keys { take(.key(key)) } }

  /// The mouse on a cell of the frame that is shown.
  mutating func point(_ action: Mouse.Action, _ column: Int, _ row: Int, _ button: Mouse.Button = .left) {
    let mouse = Mouse(action, button, column: column, row: row)
    take(.mouse(mouse, on: frame.target(column: column, row: row)))
  }

  /// A click on the first place where the screen has this text.
  mutating func click(_ text: String) throws {
    let rows = screen.split(separator: "\n", omittingEmptySubsequences: false)
    let row = try #require(rows.firstIndex { $0.contains(text) }, "\(text) is not on the screen")
    let start = try #require(rows[row].firstRange(of: text)).lowerBound
    let column = String(rows[row][..<start]).cellWidth
    point(.press, column, row)
    point(.release, column, row)
  }

  mutating func type(_ characters: String) { for character in characters { take(.key(.character(character))) } }

  var frame: Canvas { Explorer.frame(state, size: size) }

  var screen: String { frame.text }

  /// The frame equals the stored one: text, then styles, then pictures.
  ///
  /// A frame that has no stored twin is stored, and the test fails once, so that a person looks at it. With
  /// DIVA_GOLDEN=write all are stored anew. A frame that differs is written beside the stored one as `.actual`.
  func matches(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/Golden").standardized
    let stored = folder.appending(path: "\(name).txt")
    let actual = Self.page(of: frame)
    let isRecording = ProcessInfo.processInfo.environment["DIVA_GOLDEN"] == "write"
    if isRecording || !FileManager.default.fileExists(atPath: stored.path) {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try actual.write(to: stored, atomically: true, encoding: .utf8)
      Issue.record("stored \(name).txt: look at it, then run the test again", sourceLocation: sourceLocation)
      return
    }
    let expected = try String(contentsOf: stored, encoding: .utf8)
    if expected == actual { return }
    try actual.write(to: folder.appending(path: "\(name).actual"), atomically: true, encoding: .utf8)
    Issue.record("\(name): \(Self.firstDifference(expected, actual))", sourceLocation: sourceLocation)
  }

  private static func page(of frame: Canvas) -> String {
    let pictures = frame.pictures.map { placement in
      let (rect, picture) = (placement.rect, placement.picture)
      return
        "\(rect.columns) × \(rect.rows) cells at \(rect.column), \(rect.row): \(picture.width) × \(picture.height) "
        + "pixels, identity \(String(picture.identity, radix: 16))"
    }
    return [frame.text, "── styles", frame.styleText, "── pictures", pictures.joined(separator: "\n"), ""]
      .joined(separator: "\n")
  }

  private static func firstDifference(_ expected: String, _ actual: String) -> String {
    let lines = (expected.components(separatedBy: "\n"), actual.components(separatedBy: "\n"))
    let at = zip(lines.0, lines.1).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    guard let at else { return "\(lines.1.count) lines instead of \(lines.0.count)" }
    return "line \(at + 1)\n  stored \(lines.0[at])\n  now    \(lines.1[at])"
  }
}
