import Terminal

/// What a person can choose about the explorer itself: names and values of `:set`.
struct ExplorerSetting: Sendable {
  let name: String
  let values: [String]
  let value: @Sendable (ExplorerState) -> String
  let set: @Sendable (inout ExplorerState, String) -> [Work]

  private static let switches = ["on", "off"]

  static let all = [
    ExplorerSetting(name: "graphics", values: Graphics.allCases.map(\.rawValue), value: { $0.graphics.rawValue }) {
      state, value in
      if let graphics = Graphics(rawValue: value) { state.choose(graphics) }
      return []
    },
    ExplorerSetting(name: "markers", values: Markers.allCases.map(\.rawValue), value: { $0.markers.rawValue }) {
      state, value in
      state.markers = Markers(rawValue: value) ?? state.markers
      return []
    },
    ExplorerSetting(name: "palette", values: ["dark", "light"], value: { $0.isLight ? "light" : "dark" }) {
      state, value in
      state.isLight = value == "light"
      return [.useLightGround(state.isLight)]
    },
    ExplorerSetting(name: "introductions", values: switches, value: { $0.isIntroductionShown ? "on" : "off" }) {
      state, value in
      state.isIntroductionShown = value == "on"
      return []
    },
    ExplorerSetting(name: "mouse", values: switches, value: { $0.usesMouse ? "on" : "off" }) { state, value in
      state.usesMouse = value == "on"
      return [.useMouse(state.usesMouse)]
    },
  ]

  static func named(_ name: String) -> ExplorerSetting? { all.first { $0.name == name } }
}
