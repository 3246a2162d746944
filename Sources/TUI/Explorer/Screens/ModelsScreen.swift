import Recap
import Terminal

/// What is loaded: each model with its file, its size, how it reads its input, and whether it is trained.
enum ModelsScreen: Screen {
  static let title = "Models"
  static let number = 7

  struct State: Equatable, Sendable {
    var models: [ModelFacts] = []
    /// The first one that is shown.
    var top = 0
  }

  static let keys: [Binding] = [
    Binding(
      keys: [.up, .down], label: "model", names: ["previous-model", "next-model"],
      tooltip: "Go to the model before or after.",
      unavailable: { $0.models.models.count > 1 ? nil : "there is no other model" }
    ) { state, key in
      state.models.top = max(0, min(state.models.top + (key == .up ? -1 : 1), state.models.models.count - 1))
      return []
    }
  ]

  static func open(_ state: ExplorerState) -> [Work] { [.describeModels] }

  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    switch event {
    case .models(let models):
      if models.map(\.title) != state.models.models.map(\.title) { state.models.top = 0 }
      state.models.models = models
    // Another run has other models, and what is loaded later was not there when the screen was opened.
    case .opened, .samples: if state.screen == ModelsScreen.self { return open(state) }
    default: break
    }
    return []
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let models = state.models.models
    guard !models.isEmpty else {
      let wait = "The models will be described here as soon as they are loaded."
      return OpeningPanel.drawWait(state, needed: [.clip, .diffusion], wait, in: rect, on: &canvas)
    }
    // One column is enough where all fit below each other.
    let columns = rect.columns >= 150 ? 2 : 1
    var rest = Array(models[min(state.models.top, models.count - 1)...])
    for box in Columns.split(rect, gap: 4, Array(repeating: .flexible(), count: columns)) {
      var room = box
      while let first = rest.first, room.rows > 1 {
        let fields = Fields(first.facts.map { .init($0.name, $0.value.withoutControlCharacters()) }, indent: 13)
        let rows = fields.rows(columns: room.columns) + 2
        // A model is not cut in two where the next column has room for it.
        if rows > room.rows, room.rows < box.rows, columns > 1, box.column == rect.column { break }
        canvas.heading(first.title, in: room)
        fields.draw(in: room.droppingTop(1), on: &canvas)
        room = room.droppingTop(rows)
        rest.removeFirst()
      }
    }
    guard !rest.isEmpty else { return }
    canvas.writeRight(" ↓ \(rest.count) more ", endColumn: rect.endColumn, rect.endRow - 1, .accent)
  }
}
