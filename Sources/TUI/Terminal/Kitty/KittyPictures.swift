/// Which pictures the terminal keeps, and under which number.
struct KittyPictures {
  /// All that the pixels depend on.
  struct Recipe: Hashable {
    let identity: UInt64
    let size: PixelSize
  }

  private struct Kept {
    let recipe: Recipe
    let bytes: Int
    var lastUse: Int
  }

  private let commands: KittyCommands
  /// The highest byte of all numbers, so that programs beside this one in the same terminal hardly meet.
  private let family: Int
  private var kept: [Int: Kept] = [:]
  private var numbers: [Recipe: Int] = [:]
  private var uses = 0
  private var next = 0

  /// The lowest byte counts pictures, from 16 on: tmux sends the colours below in another coding. People go back and forth
  /// between far fewer.
  private static let most = 200
  /// In the terminal's memory, where pictures are not compressed; kitty itself frees from 320 MB on.
  private static let mostBytes = 96 << 20

  init(route: KittyRoute, family: Int) {
    commands = KittyCommands(route: route)
    self.family = min(max(family, 1), 255)
  }

  /// The number of a picture that the terminal has.
  mutating func number(of recipe: Recipe) -> Int? {
    uses += 1
    guard let id = numbers[recipe] else { return nil }
    kept[id]?.lastUse = uses
    return id
  }

  /// Gives a picture a number; the bytes must go before it is used.
  mutating func send(_ recipe: Recipe, _ pixels: KittyPixels) -> (id: Int, bytes: [UInt8]) {
    let count = pixels.size.width * pixels.size.height * 4
    let room = makeRoom(for: count)
    let id = freeNumber()
    kept[id] = Kept(recipe: recipe, bytes: count, lastUse: uses)
    numbers[recipe] = id
    return (id, room + commands.transmit(id, pixels))
  }

  /// These pictures are on the screen: they are not the next to go.
  mutating func keep(_ ids: [Int]) {
    uses += 1
    for id in ids { kept[id]?.lastUse = uses }
  }

  private mutating func makeRoom(for count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while !kept.isEmpty,
      kept.count >= Self.most || kept.values.reduce(count, { $0 + $1.bytes }) > Self.mostBytes,
      let oldest = kept.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
    {
      bytes += free(oldest)
    }
    return bytes
  }

  private mutating func freeNumber() -> Int {
    repeat { next = next < 16 || next == 255 ? 16 : next + 1 } while kept[family << 24 | next] != nil
    return family << 24 | next
  }

  private mutating func free(_ id: Int) -> [UInt8] {
    forget(id)
    return commands.free(id)
  }

  /// The terminal has lost a picture: it is sent again when it is needed.
  mutating func forget(_ id: Int) {
    if let lost = kept.removeValue(forKey: id) { numbers[lost.recipe] = nil }
  }

  /// Frees everything in the terminal; what is needed later is sent again.
  mutating func freeAll() -> [UInt8] {
    let bytes = kept.keys.sorted().flatMap(commands.free)
    (kept, numbers) = ([:], [:])
    return bytes
  }
}
