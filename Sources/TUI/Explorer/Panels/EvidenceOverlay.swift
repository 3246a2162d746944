import Recap
import Terminal

/// A pair's images with the patches that speak for statement 1 in orange and those for statement 2 in blue.
struct EvidenceOverlay: Equatable, Sendable {
  /// The pair's number.
  let number: Int
  /// Image 1 by the baseline and by the tuned CLIP, then image 2 by both.
  let pictures: [Picture]

  static let captions = [
    ["1, baseline", "baseline"], ["1, tuned", "tuned"], ["2, baseline", "baseline"], ["2, tuned", "tuned"],
  ]
  static let legend = "patches: orange for statement 1, blue for statement 2"

  init(_ number: Int, _ evidence: PairEvidence) {
    self.number = number
    // One scale for all four, so that they can be compared.
    let strongest = (evidence.baseline + evidence.tuned).joined().map(abs).max() ?? 0
    pictures = evidence.squares.indices.flatMap { image in
      [evidence.baseline[image], evidence.tuned[image]].map { weights in
        Self.picture(
          Picture(evidence.squares[image]), weights.map { strongest > 0 ? $0 / strongest : 0 }, evidence.columns)
      }
    }
  }

  private static let ink: (first: SIMD3<Int>, second: SIMD3<Int>) = ([230, 120, 0], [0, 114, 200])

  /// The image in grey; a patch's colour is as strong as its weight, −1 to 1.
  private static func picture(_ image: Picture, _ weights: [Float], _ columns: Int) -> Picture {
    let patch = max(8, min(max(image.width, 128), 336) / max(columns, 1))
    let base = image.scaled(toWidth: patch * columns, height: patch * columns)
    return Picture(width: base.width, height: base.height) { x, y in
      let weight = weights[y / patch * columns + x / patch]
      let share = Int((min(abs(weight), 1) * 80).rounded())
      let color = weight > 0 ? ink.first : ink.second
      let grey = SIMD3(repeating: base.luminance(x, y))
      let mixed = (grey &* (100 - share) &+ color &* share) / 100
      return (UInt8(clamping: mixed.x), UInt8(clamping: mixed.y), UInt8(clamping: mixed.z))
    }
  }
}
