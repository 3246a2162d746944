import Engine

/// DCR's second view of a picture: nearly all of it (0.9 to 1 of its area), mirrored along each axis half of the time,
/// its brightness, contrast and saturation changed by up to a tenth.
///
/// Source: the authors' code. Like there, colours are changed as CLIP takes them, normalised; unlike there nothing is
/// clamped to 0…1, which cuts off half of such values, and the hue stays.
enum AugmentedView {
  private static let strength: Float = 0.1

  /// - Parameters:
  ///   - pixels: (B, S, S, 3).
  ///   - first: the place of the first picture in its micro-batch.
  static func of(_ pixels: Tensor, seed: UInt64, step: Int, from first: Int = 0) -> Tensor {
    let random = RandomSource(seed: seed, stream: .augmentation)
    let view = RandomResizedCrop(side: pixels.shape[1])(pixels, random: random, step: step, firstSample: first)
    let size = view.shape.stride
    return .filled(view.shape) { all in
      view.withUnsafeValues { _ = all.update(fromContentsOf: $0) }
      for picture in 0..<view.shape[0] {
        let values = UnsafeMutableBufferPointer(rebasing: all[picture * size..<(picture + 1) * size])
        // The crop takes at most 40 draws.
        let draws = (0..<5).map { random.uniform(step: step, sample: first + picture, position: 64 + $0) }
        if draws[0] < 0.5 { mirror(values, side: view.shape[1], isVertical: false) }
        if draws[1] < 0.5 { mirror(values, side: view.shape[1], isVertical: true) }
        let factors = draws[2...].map { 1 + strength * (2 * $0 - 1) }
        jitter(values, brightness: factors[0], contrast: factors[1], saturation: factors[2])
      }
    }
  }

  private static func mirror(_ values: UnsafeMutableBufferPointer<Float>, side: Int, isVertical: Bool) {
    for line in 0..<side {
      for place in 0..<side / 2 {
        let (one, other) =
          isVertical
          ? (place * side + line, (side - 1 - place) * side + line)
          : (line * side + place, line * side + side - 1 - place)
        for channel in 0..<3 { values.swapAt(3 * one + channel, 3 * other + channel) }
      }
    }
  }

  private static func jitter(
    _ values: UnsafeMutableBufferPointer<Float>, brightness: Float, contrast: Float, saturation: Float
  ) {
    func grey(_ pixel: Int) -> Float {
      0.299 * values[3 * pixel] + 0.587 * values[3 * pixel + 1] + 0.114 * values[3 * pixel + 2]
    }
    for i in values.indices { values[i] *= brightness }
    let pixels = values.count / 3
    let mean = (0..<pixels).reduce(Float(0)) { $0 + grey($1) } / Float(pixels)
    for i in values.indices { values[i] = mean + contrast * (values[i] - mean) }
    for pixel in 0..<pixels {
      let grey = grey(pixel)
      for i in 3 * pixel..<3 * pixel + 3 { values[i] = grey + saturation * (values[i] - grey) }
    }
  }
}
