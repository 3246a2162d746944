extension Thing.Paint {
  var color: RGB {
    switch self {
    case .red: RGB(214, 48, 42)
    case .green: RGB(52, 160, 64)
    case .blue: RGB(48, 88, 214)
    case .yellow: RGB(240, 204, 40)
    case .purple: RGB(140, 62, 176)
    case .orange: RGB(240, 134, 32)
    case .pink: RGB(240, 130, 176)
    case .teal: RGB(30, 160, 160)
    }
  }
}

extension Scene.Background {
  var color: RGB {
    switch self {
    case .white: RGB(244, 244, 240)
    case .gray: RGB(176, 178, 182)
    case .tan: RGB(214, 188, 148)
    case .navy: RGB(36, 42, 72)
    }
  }
}

/// Colours that belong to parts, whatever the colour of the thing.
extension RGB {
  static let ink = RGB(28, 28, 32)
  static let chalk = RGB(250, 250, 250)
  static let glass = RGB(190, 225, 245)
  static let glow = RGB(255, 244, 150)
  static let coffee = RGB(70, 40, 20)
  static let wood = RGB(110, 72, 40)
  static let lips = RGB(150, 20, 30)

  /// The shadow side of a colour.
  var dark: RGB { self * 0.6 }
  /// The colour with more than half of white in it.
  var light: RGB { self * 0.45 + .chalk * 0.55 }
}
