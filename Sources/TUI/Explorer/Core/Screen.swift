import Terminal

/// A screen of the explorer: its keys, what it does with events, and how it looks.
///
/// One file, and one line in `Explorer.screens`: header, footer, help and the table of keys follow from there.
protocol Screen: Sendable {
  static var title: String { get }
  /// The digit that opens it; rising in the order of `Explorer.screens`.
  static var number: Int { get }
  static var keys: [Binding] { get }

  /// What one looks at, in a line for somebody who sees it for the first time.
  static var introduction: String { get }
  /// The same in at most 68 cells.
  static var shortIntroduction: String { get }

  /// Both, where they depend on what is shown.
  static func introductions(_ state: ExplorerState) -> (whole: String, short: String)

  /// Leaves the innermost layer: a full-screen chart, say; nil where there is none.
  static func leave(_ state: inout ExplorerState) -> [Work]?

  /// Why the screen cannot be opened now; nil when it can.
  static func unavailable(_ state: ExplorerState) -> String?

  /// The work to do when a person goes to the screen.
  static func open(_ state: ExplorerState) -> [Work]

  /// Takes an event in after the feed has, whether the screen is shown or not; gives the work to do.
  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work]

  /// Takes a key before the key tables do, while a person writes; nil where it does not.
  static func capture(_ state: inout ExplorerState, _ key: Key) -> [Work]?

  /// The mouse is used on something that the screen has marked; nil where that does nothing.
  static func point(_ state: inout ExplorerState, _ mouse: Mouse, on target: MouseTarget?) -> [Work]?

  /// Whether a person writes on the screen, so that letters are text.
  static func isWriting(_ state: ExplorerState) -> Bool

  /// Another evaluation is looked at; gives the work that the screen then asks for.
  static func stepMoved(_ state: inout ExplorerState) -> [Work]

  /// Draws the screen into `rect`.
  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas)
}

extension Screen {
  static var introduction: String { "" }
  static var shortIntroduction: String { introduction }
  static func introductions(_ state: ExplorerState) -> (whole: String, short: String) {
    (introduction, shortIntroduction)
  }
  static func leave(_ state: inout ExplorerState) -> [Work]? { nil }
  static func unavailable(_ state: ExplorerState) -> String? { nil }
  static func open(_ state: ExplorerState) -> [Work] { [] }
  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] { [] }
  static func capture(_ state: inout ExplorerState, _ key: Key) -> [Work]? { nil }
  static func point(_ state: inout ExplorerState, _ mouse: Mouse, on target: MouseTarget?) -> [Work]? { nil }
  static func isWriting(_ state: ExplorerState) -> Bool { false }
  static func stepMoved(_ state: inout ExplorerState) -> [Work] { [] }
}
