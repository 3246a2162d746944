import Engine
import Testing

@testable import Recap

@Suite struct RegionTokensTests {
  let world = MiniWorld(seed: 5)

  @Test("things cover cells where they stand: a left one the left half, an upper one the upper half")
  func coverageFollowsPlaces() throws {
    var sideBySide = 0
    for index in 0..<200 {
      let scene = world.pair(.contrast, .position, index).first
      guard case .two(_, let relation, _) = scene.arrangement else { continue }
      let parts = scene.coverage(cells: 8)
      #expect(parts.count == 2)
      let isSideBySide = relation == .left || relation == .right
      if isSideBySide { sideBySide += 1 }
      for (place, part) in parts.enumerated() {
        let total = part.shares.reduce(0, +)
        let own = part.shares.enumerated().reduce(Float(0)) { sum, cell in
          let position = isSideBySide ? cell.offset % 8 : cell.offset / 8
          return sum + (position / 4 == place ? cell.element : 0)
        }
        #expect(total > 1 && own > 0.9 * total, "\(part.thing.kind) of scene \(index)")
        #expect(part.shares.allSatisfy { $0 >= 0 && $0 < 1.0001 })
      }
    }
    #expect(sideBySide > 50)
  }

  @Test("equal things count as one, and a picture is drawn as before")
  func coverageOfSeveral() {
    for index in 0..<50 {
      let scene = world.pair(.contrast, .quantity, index).first
      let parts = scene.coverage(cells: 8)
      #expect(parts.count == 1 && parts[0].thing == scene.subject)
      guard case .several(_, let count) = scene.arrangement else { continue }
      #expect(parts[0].shares.reduce(0, +) > Float(count))
    }
  }

  @Test("a cell's token is the mixture of its phrases' embeddings and its place's code")
  func mixtures() throws {
    let tokenizer = try MiniVocabulary().tokenizer(contextLength: MiniModels.contextLength)
    let text = try CLIP(MiniModels.clip(tokenizer), from: .initializing(seed: 3)).text
    let regions = RegionTokens(cells: 8, text: text, tokenizer: tokenizer, placeScale: 0.7, seed: 3)
    let scenes = (0..<3).map { world.scene(.captioned, $0) }
    let tokens = regions.tokens(of: scenes, background: { _ in "against navy" }, phrase: { _, _ in "a red ball" })
    let nothing = regions.tokens(of: scenes, background: { _ in "" }, phrase: { _, _ in "" })
    let (said, unsaid) = (tokens.values, nothing.values)
    let embedded = ["against navy", "a red ball", ""].map { text.textFeatures([tokenizer.tokens($0)]).values }
    for (index, scene) in scenes.enumerated() {
      let parts = scene.coverage(cells: 8)
      let covered: [Float] = (0..<64).map { cell in parts.reduce(Float(0)) { $0 + $1.shares[cell] } }
      for cell in [0, 27, 36, 63] {
        let at = (index * 64 + cell) * tokens.shape[2]
        for i in 0..<tokens.shape[2] {
          let share = covered[cell]
          let mixture: Float = share * embedded[1][i] + max(0, 1 - share) * embedded[0][i]
          let expected: Float = mixture - max(1, share) * embedded[2][i]
          let found: Float = said[at + i] - unsaid[at + i]
          #expect(abs(found - expected) < 1e-4)
        }
      }
    }
    #expect(tokens.shape == [3, 64, 128])
    #expect(Array(said[0..<128]) != Array(said[128..<256]))
  }
}
