import Recap

/// What of the looked-at image is still to be rebuilt: the chosen noise level of the chosen step first, then the other levels,
/// then the other steps.
struct RebuildQueue {
  /// Where reconstructions may start from.
  static let timesteps = Array(stride(from: 100, through: 900, by: 100))
  /// The level that is looked at first: with so much noise what CLIP says decides.
  static let firstLevel = 7

  /// Noises behind an error's mean.
  static let noises = 8

  struct Target: Hashable {
    var timestep: Int
    /// Of a recorded tower; nil for the one that the run has now.
    var step: Int?
  }

  private(set) var image = 0
  private var density: RecapDensity?
  /// What is looked at.
  private(set) var chosen = Target(timestep: timesteps[firstLevel])
  private var waiting = [Target(timestep: timesteps[firstLevel])]
  /// Nothing but the chosen one is wanted: a pair's picture, beside others.
  private var isAlone = false
  /// No level has been requested yet: then one is enough.
  private(set) var hasBeenAsked = false
  /// The steps whose towers were recorded.
  var steps: [Int] = []

  var timestep: Int { chosen.timestep }
  var isEmpty: Bool { waiting.isEmpty }

  /// A person looks at this image, level, density and step now.
  mutating func look(
    at image: Int, timestep: Int, density: RecapDensity? = nil, step: Int? = nil, isAlone: Bool = false
  ) {
    let isOther =
      image != self.image || density != self.density || step != chosen.step || !hasBeenAsked || isAlone != self.isAlone
    self.isAlone = isAlone
    (self.image, chosen, self.density, hasBeenAsked) = (image, Target(timestep: timestep, step: step), density, true)
    if isOther {
      renew()
    } else {
      repeatChosen()
    }
  }

  /// The chosen level again, before those that still wait.
  mutating func repeatChosen() { waiting = [chosen] + waiting.filter { $0 != chosen } }

  /// The CLIP or the density has changed: what was rebuilt is of the past.
  mutating func renew() {
    let levels = Self.timesteps.map { Target(timestep: $0, step: chosen.step) }
    let steps = steps.map { Target(timestep: timestep, step: $0) }
    waiting = [chosen] + (hasBeenAsked && !isAlone ? (levels + steps).filter { $0 != chosen } : [])
  }

  /// What to rebuild now; nil when all is done. All but the chosen one are dropped where that takes long.
  mutating func next(onlyChosen: Bool = false) -> Target? {
    if onlyChosen { waiting = waiting.filter { $0 == chosen } }
    return waiting.isEmpty ? nil : waiting.removeFirst()
  }
}
