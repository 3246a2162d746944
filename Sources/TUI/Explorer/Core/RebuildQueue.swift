import Recap

/// Which noise levels of the looked-at image are still to be rebuilt: the chosen one first, then the others.
struct RebuildQueue {
  /// Where reconstructions may start from.
  static let timesteps = Array(stride(from: 100, through: 900, by: 100))
  /// The level that is looked at first: with so much noise what CLIP says decides.
  static let firstLevel = 7

  private(set) var image = 0
  private var density: RecapDensity?
  /// The level that is looked at.
  private(set) var timestep = timesteps[firstLevel]
  private var waiting = [timesteps[firstLevel]]
  /// Nobody has asked for any level yet: then one is enough.
  private(set) var hasBeenAsked = false

  var isEmpty: Bool { waiting.isEmpty }

  /// A person looks at this image, level and density now.
  mutating func look(at image: Int, timestep: Int, density: RecapDensity? = nil) {
    let isOther = image != self.image || density != self.density || !hasBeenAsked
    (self.image, self.timestep, self.density, hasBeenAsked) = (image, timestep, density, true)
    if isOther {
      renew()
    } else {
      repeatChosen()
    }
  }

  /// The chosen level again, before those that still wait.
  mutating func repeatChosen() { waiting = [timestep] + waiting.filter { $0 != timestep } }

  /// The CLIP or the density has changed: what was rebuilt is of the past.
  mutating func renew() {
    waiting = [timestep] + (hasBeenAsked ? Self.timesteps.filter { $0 != timestep } : [])
  }

  /// The level to rebuild now; nil when all are done. The others than the chosen one are dropped where that takes long.
  mutating func next(onlyChosen: Bool = false) -> Int? {
    if onlyChosen { waiting = waiting.filter { $0 == timestep } }
    return waiting.isEmpty ? nil : waiting.removeFirst()
  }
}
