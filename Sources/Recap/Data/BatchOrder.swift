import Engine

/// Which images a step sees: every image once an epoch, in an order that depends on (seed, epoch) only.
struct BatchOrder {
  let count: Int
  let random: RandomSource
  private var epoch = -1
  private var order: [Int] = []

  init(count: Int, random: RandomSource) {
    precondition(count > 0, "no images to draw batches from")
    self.count = count
    self.random = random
  }

  /// Images number `position` ..< `position + size` of the endless sequence of epochs.
  mutating func images(from position: Int, _ size: Int) -> [Int] {
    (position..<position + size).map { place in
      let (wanted, index) = place.quotientAndRemainder(dividingBy: count)
      if wanted != epoch {
        epoch = wanted
        order = random.permutation(count, step: wanted)
      }
      return order[index]
    }
  }
}
