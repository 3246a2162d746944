extension Tensor {
  /// Pictures in another size, in floating point: (B, H, W, C) → (B, height, width, C). Nothing is recorded.
  ///
  /// What torchvision's `Resize` does to tensors (`Image.resized` does what it does to Pillow's pictures): with
  /// antialiasing the filter widens as the picture shrinks and is cut off at the borders; without, it reads the two or
  /// four nearest pixels, border pixels as often as need be. Bicubic has a = −0.5 with and −0.75 without.
  /// Source: PyTorch, `aten/src/ATen/native/cpu/UpSampleKernel.cpp`, whose single-precision places this keeps.
  public func resized(height: Int, width: Int, by filter: Image.Filter, antialias: Bool) -> Tensor {
    precondition(shape.rank == 4 && height > 0 && width > 0, "\(shape) cannot become (B, \(height), \(width), C)")
    let (batch, oldHeight, oldWidth, channels) = (shape[0], shape[1], shape[2], shape[3])
    let columns = FloatTaps(from: oldWidth, to: width, filter: filter, antialias: antialias)
    let rows = FloatTaps(from: oldHeight, to: height, filter: filter, antialias: antialias)
    let wide = mixing(columns, lines: batch * oldHeight, step: channels, run: channels)
    return wide.mixing(rows, lines: batch, step: width * channels, run: width * channels)
      .reshaped([batch, height, width, channels])
  }

  /// For each of `lines`, new entries of `run` numbers, mixed from old ones that lie `step` apart: (lines, new · run).
  private func mixing(_ taps: FloatTaps, lines: Int, step: Int, run: Int) -> Tensor {
    let source = pointer
    let result = Tensor(zeros: [lines, taps.newLength * run])
    let target = result.pointer
    nonisolated(unsafe) let (from, to) = (source, target)
    ThreadPool.run(lines) { line in
      let first = from + line * taps.oldLength * step
      for position in 0..<taps.newLength {
        let out = to + (line * taps.newLength + position) * run
        for tap in position * taps.width..<(position + 1) * taps.width where taps.weights[tap] != 0 {
          let pixel = first + taps.places[tap] * step
          let weight = taps.weights[tap]
          for i in 0..<run { out[i] += weight * pixel[i] }
        }
      }
    }
    return result
  }
}

/// For each new position along one side, `width` old positions and their weights.
private struct FloatTaps: Sendable {
  let oldLength: Int
  let newLength: Int
  private(set) var width: Int
  private(set) var places: [Int] = []
  private(set) var weights: [Float] = []

  init(from oldLength: Int, to newLength: Int, filter: Image.Filter, antialias: Bool) {
    self.oldLength = oldLength
    self.newLength = newLength
    let scale = Float(oldLength) / Float(newLength)
    let reach = Float(filter.radius)
    width = antialias ? Int((reach * max(scale, 1)).rounded(.up)) * 2 + 1 : 2 * Int(filter.radius)
    for position in 0..<newLength {
      let taps =
        antialias
        ? Self.widened(position, oldLength: oldLength, scale: scale, filter: filter)
        : Self.nearest(position, oldLength: oldLength, scale: scale, filter: filter)
      let free = width - taps.count
      places += taps.map(\.place) + Array(repeating: 0, count: free)
      weights += taps.map(\.weight) + Array(repeating: 0, count: free)
    }
  }

  private typealias Tap = (place: Int, weight: Float)

  private static func widened(_ position: Int, oldLength: Int, scale: Float, filter: Image.Filter) -> [Tap] {
    let widening = max(scale, 1)
    let reach = Float(filter.radius) * widening
    let center = scale * (Float(position) + 0.5)
    let start = max(Int(center - reach + 0.5), 0)
    let end = min(Int(center + reach + 0.5), oldLength)
    let raw = (start..<end).map { Float(filter.weight(Double((Float($0) - center + 0.5) * (1 / widening)))) }
    let sum = raw.reduce(0, +)
    return zip(start..<end, raw).map { ($0, $1 / sum) }
  }

  private static func nearest(_ position: Int, oldLength: Int, scale: Float, filter: Image.Filter) -> [Tap] {
    let exact = scale * (Float(position) + 0.5) - 0.5
    let place = filter == .bilinear ? max(exact, 0) : exact
    let left = Int(place.rounded(.down))
    let part = place - Float(left)
    let weights = filter == .bilinear ? [1 - part, part] : cubic(part)
    let first = left + 1 - weights.count / 2
    return weights.enumerated().map { (min(max(first + $0, 0), oldLength - 1), $1) }
  }

  /// Cubic convolution with a = −0.75 over the two pixels to each side.
  private static func cubic(_ part: Float) -> [Float] {
    let a: Float = -0.75
    func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
    func far(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return [far(part + 1), near(part), near(1 - part), far(2 - part)]
  }
}
