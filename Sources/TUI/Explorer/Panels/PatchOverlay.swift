import Synchronization
import Terminal

/// Shows on an image which of its patch tokens are in the condition.
enum PatchOverlay {
  private struct Recipe: Hashable {
    let image: UInt64
    let tokens: [Int?]
  }

  /// A frame is drawn many times a second; the picture changes when a person presses a key.
  private static let known = Mutex<[Recipe: Picture]>([:])

  /// The image, faint and hatched where a patch has no token in the condition, with lines between patches of different
  /// tokens.
  static func picture(of image: Picture, _ density: DensityInfo) -> Picture {
    let recipe = Recipe(image: image.identity, tokens: density.tokenOfPatch)
    if let picture = known.withLock({ $0[recipe] }) { return picture }
    let picture = drawn(on: image, density)
    known.withLock { known in
      if known.count >= 24 { known = [:] }
      known[recipe] = picture
    }
    return picture
  }

  private static func drawn(on image: Picture, _ density: DensityInfo) -> Picture {
    guard density.patchColumns > 0, density.patchRows > 0 else { return image }
    // As fine as a photo is, up to a point; never so coarse that a patch is lost.
    let patch = max(8, min(max(image.width, 128), 336) / density.patchColumns)
    let (width, height) = (patch * density.patchColumns, patch * density.patchRows)
    let isWhole = width % image.width == 0 && height == width / image.width * image.height
    let base = isWhole ? image.enlarged(by: width / image.width) : image.scaled(toWidth: width, height: height)
    return Picture(width: base.width, height: base.height) { x, y in
      let color = base[x, y]
      let token = token(density, x / patch, y / patch)
      let isEdge =
        x % patch == 0 && token != self.token(density, x / patch - 1, y / patch)
        || y % patch == 0 && token != self.token(density, x / patch, y / patch - 1)
      if isEdge { return (90, 90, 90) }
      guard token == nil else { return color }
      return faint(color, isHatch: (x + y) % 4 == 0)
    }
  }

  /// Half the colour's strength, so that one still sees what is there; a quarter on the lines of the hatching.
  private static func faint(
    _ color: (red: UInt8, green: UInt8, blue: UInt8), isHatch: Bool
  ) -> (red: UInt8, green: UInt8, blue: UInt8) {
    func mixed(_ value: UInt8) -> UInt8 { isHatch ? value / 4 + 24 : value / 2 + 48 }
    return (mixed(color.red), mixed(color.green), mixed(color.blue))
  }

  /// The token of the condition that a patch belongs to; nil outside the image and where there is none.
  private static func token(_ density: DensityInfo, _ column: Int, _ row: Int) -> Int? {
    guard column >= 0, row >= 0 else { return nil }
    return density.tokenOfPatch[row * density.patchColumns + column]
  }

  /// The condition in one sentence.
  static func sentence(_ density: DensityInfo) -> String {
    let chosen = density.tokenOfPatch.compactMap { $0 }
    let tokens = Set(chosen).count
    if chosen.isEmpty { return "The condition is the class token alone: one vector for the whole image." }
    if tokens < chosen.count {
      return "The condition is the class token and \(tokens) means of neighbouring patch tokens."
    }
    if chosen.count == density.tokenOfPatch.count { return "The condition is the class token and every patch token." }
    return "The condition is the class token and \(chosen.count) patch tokens, drawn anew for every image and step."
  }
}
