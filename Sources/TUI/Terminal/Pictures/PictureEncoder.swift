import Dispatch
import Synchronization

/// Makes the bytes of pictures and keeps them for a while, because people go back and forth between the same few.
///
/// A small picture takes a millisecond or two and is made at once. Photos take tens: they are made on another thread, so
/// that text and keys need not wait, and are there in one of the next frames.
final class PictureEncoder: Sendable {
  /// All that the bytes of an encoded picture depend on.
  struct Recipe: Hashable, Sendable {
    let identity: UInt64
    let cells: Size
    let cell: PixelSize
    let graphics: Graphics

    /// The pixels of all its cells.
    var size: PixelSize {
      PixelSize(width: cells.columns * cell.width, height: cells.rows * cell.height)
    }
  }

  enum Encoded: Sendable {
    case whole([UInt8])
    case kitty(KittyPixels)
    case cells(CellPicture)
  }

  private struct State {
    var known: [Recipe: Result<Encoded, any Error>] = [:]
    var waiting: [(recipe: Recipe, picture: Picture)] = []
    var isWorking = false

    mutating func next() -> (recipe: Recipe, picture: Picture)? {
      if waiting.isEmpty { isWorking = false }
      return waiting.isEmpty ? nil : waiting.removeFirst()
    }
  }

  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "pictures", qos: .userInitiated)
  private let depth: ColorDepth
  private let isLight: Bool
  private let made: (@Sendable () -> Void)?

  /// So many pictures are kept; a page of pairs has 2, a page of reconstructions up to 22.
  private static let capacity = 192

  /// - Parameter made: is called from another thread when a photo is there; nil makes photos at once, too.
  init(depth: ColorDepth, isLight: Bool, made: (@Sendable () -> Void)?) {
    (self.depth, self.isLight, self.made) = (depth, isLight, made)
  }

  /// A picture's bytes; nil while another thread makes them.
  func encoded(_ recipe: Recipe, of picture: Picture) throws -> Encoded? {
    if let known = state.withLock({ $0.known[recipe] }) { return try known.get() }
    let isQuick = !recipe.graphics.hasPixels || picture.size.wholeFactor(in: recipe.size) != nil
    if made == nil || isQuick { return try keep(encode(recipe, picture), for: recipe).get() }
    let isIdle = state.withLock { state in
      state.waiting.append((recipe, picture))
      defer { state.isWorking = true }
      return !state.isWorking
    }
    if isIdle { queue.async { self.work() } }
    return nil
  }

  /// A new frame: what earlier ones waited for may not be needed any more.
  func begin() { state.withLock { $0.waiting = [] } }

  private func work() {
    while let (recipe, picture) = state.withLock({ $0.next() }) {
      if state.withLock({ $0.known[recipe] == nil }) { keep(encode(recipe, picture), for: recipe) }
      made?()
    }
  }

  @discardableResult
  private func keep(_ encoded: Result<Encoded, any Error>, for recipe: Recipe) -> Result<
    Encoded, any Error
  > {
    state.withLock { state in
      if state.known.count >= Self.capacity { state.known = [:] }
      state.known[recipe] = encoded
    }
    return encoded
  }

  private func encode(_ recipe: Recipe, _ picture: Picture) -> Result<Encoded, any Error> {
    let (size, columns, rows) = (recipe.size, recipe.cells.columns, recipe.cells.rows)
    return Result {
      switch recipe.graphics {
      case .kitty: .kitty(KittyPixels(picture, filling: size))
      case .sixel: .whole(try SixelEncoder.encode(picture, size: size))
      case .iterm2: .whole(try InlineImage.encode(picture, size: size))
      case .ascii:
        .cells(
          HalfBlocks.ascii(picture, columns: columns, rows: rows, depth: depth, isLight: isLight))
      case .blocks, .none:
        .cells(HalfBlocks.picture(picture, columns: columns, rows: rows, depth: depth))
      }
    }
  }
}
