/// xterm's palette of 256 colours.
enum Palette {
  static let darkGround: SIMD3<Int> = [18, 18, 20]
  static let lightGround: SIMD3<Int> = [255, 255, 255]

  /// Nil below 16: those are the person's own.
  static func color(_ number: Int) -> SIMD3<Int>? {
    switch number {
    case 232...255: return SIMD3(repeating: 8 + 10 * (number - 232))
    case 16...231:
      let cube = number - 16
      return [levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6]]
    default: return nil
    }
  }

  static let levels = [0, 95, 135, 175, 215, 255]
}
