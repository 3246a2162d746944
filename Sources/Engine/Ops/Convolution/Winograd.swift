import Kernels

/// A 3×3 convolution of stride 1 and padding 1 with frozen filters by Winograd's minimal filtering F(m×m, 3×3).
///
/// Images are cut into tiles of m×m pixels. Each, with a border of one pixel, is transformed to (m+2)² positions; at
/// each position a matrix product over channels takes the place of the filters' taps; what it gives is transformed back
/// to m×m pixels. That is (m+2)² products instead of 9·m². The gradient of the input is the same with the filters
/// turned by 180°. Source: Lavin and Gray 2016, “Fast Algorithms for Convolutional Neural Networks”.
struct Winograd {
  /// m: 2, 4 or 6.
  let tile: Int
  let images: Int, height: Int, width: Int
  let inputs: Int, outputs: Int
  /// The filters are rounded to bfloat16, and the other factors too where the processor multiplies it.
  let isBF16: Bool

  private var positions: Int { (tile + 2) * (tile + 2) }
  private var tiles: Int { images * ((height + tile - 1) / tile) * ((width + tile - 1) / tile) }
  private var shape: WinogradShape { WinogradShape(tile: Int32(tile), height: Int64(height), width: Int64(width)) }

  /// The same for the gradient of the input: from outputs to inputs.
  var flipped: Winograd {
    Winograd(
      tile: tile, images: images, height: height, width: width, inputs: outputs, outputs: inputs, isBF16: isBF16)
  }

  /// y (B, H, W, O) = x (B, H, W, I) ∗ filters [+ bias].
  func run(
    _ x: UnsafePointer<Float>, filters: PackedFilters, bias: UnsafePointer<Float>? = nil,
    into y: UnsafeMutablePointer<Float>
  ) {
    let block = tilesAtOnce
    let blocks = (tiles + block - 1) / block
    func runBlock(_ index: Int) {
      let first = index * block
      run(first..<min(tiles, first + block), x, filters, bias, into: y)
    }
    if isLocal { ThreadPool.run(blocks, runBlock) } else { (0..<blocks).forEach(runBlock) }
  }

  /// One block of tiles, on the whole pool or, inside one of its pieces, on this thread.
  private func run(
    _ block: Range<Int>, _ x: UnsafePointer<Float>, _ filters: PackedFilters, _ bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>
  ) {
    var shape = shape
    let factors = Rows(
      tiles: block.count, channels: inputs, positions: positions, isBF16: isBF16 && ArithmeticPolicy.hasBF16)
    let results = Rows(tiles: block.count, channels: outputs, positions: positions, isBF16: false)
    ThreadPool.runPieces(of: block.count, size: 4) { piece in
      var rows = factors.kernelsRows(from: piece.lowerBound)
      kernels_winograd_gather(
        &shape, Int64(inputs), Int64(block.lowerBound + piece.lowerBound), Int64(piece.count), x, &rows)
    }
    ThreadPool.run(positions) { position in
      filters.multiply(
        position, rows: block.count, factors.pointer(position), into: results.floats(position))
    }
    ThreadPool.runPieces(of: block.count, size: 4) { piece in
      var rows = results.kernelsRows(from: piece.lowerBound)
      kernels_winograd_scatter(
        &shape, Int64(outputs), Int64(block.lowerBound + piece.lowerBound), Int64(piece.count), &rows, bias, y)
    }
  }
}

// MARK: - Blocks

extension Winograd {
  private var bytesPerTile: Int { 4 * positions * (inputs + outputs) }
  private var floatBytes: Int { 4 * positions * inputs * outputs }

  /// Whether each thread takes blocks of tiles of its own: small filters stay in everyone's cache.
  private var isLocal: Bool { floatBytes <= 5 << 20 }

  /// What is gathered and multiplied at once should stay near one core where each has its own block; else in the
  /// shared cache, yet be enough that reading large filters again for each block does not matter.
  private var tilesAtOnce: Int {
    let bytes = isLocal ? 13 << 18 : max(12 << 20, floatBytes / 2)
    let fitting = max(32, bytes / bytesPerTile / 16 * 16)
    // A few pieces for the threads, though thin products are slow ones.
    let most = isLocal ? min(fitting, max(32, tiles / 6)) : fitting
    let blocks = (tiles + most - 1) / most
    return ((tiles + blocks - 1) / blocks + 15) / 16 * 16
  }

  /// The factors or the results of one block: a matrix (tiles × channels) for each position.
  private struct Rows {
    private let storage: Storage
    private let isBF16: Bool
    /// Numbers from one matrix to the next: a few cache lines more than it needs, since the transforms touch all
    /// matrices in turn and distances of 4 KiB would leave them few places in the cache.
    private let stride: Int

    init(tiles: Int, channels: Int, positions: Int, isBF16: Bool) {
      stride = (tiles * channels + 15) / 16 * 16 + 80
      storage = Storage(count: positions * stride)
      self.isBF16 = isBF16
    }

    func floats(_ position: Int) -> UnsafeMutablePointer<Float> { storage.base + position * stride }

    func pointer(_ position: Int) -> UnsafeRawPointer {
      UnsafeRawPointer(storage.base) + position * stride * (isBF16 ? 2 : 4)
    }

    func kernelsRows(from first: Int) -> WinogradRows {
      WinogradRows(data: storage.base, first: Int64(first), stride: Int64(stride), bf16: isBF16)
    }
  }
}

// MARK: - Filters

extension Winograd {
  /// The transformed filters of weights (O, I, 3, 3); `isFlipped` for the gradient, whose inputs are O and outputs I.
  ///
  /// F(2×2) has one form for both: its points 0, ±1 and ∞ are their own inverses but for the first and the last, which
  /// change places when the filter is flipped.
  func filters(of weight: Tensor, isFlipped: Bool) -> PackedFilters {
    guard tile == 2 else { return transformed(weight, isFlipped: isFlipped) }
    guard isFlipped else { return transformed(weight, isFlipped: false) }
    let place = [3, 1, 2, 0]
    return flipped.transformed(weight, isFlipped: false).transposed(
      order: place.flatMap { row in place.map { 4 * row + $0 } })
  }

  /// What the forms of the filters take in memory, for both directions.
  var filterBytes: Int { positions * inputs * outputs * (tile > 2 ? 8 : isBF16 ? 2 : 4) }

  private func transformed(_ weight: Tensor, isFlipped: Bool) -> PackedFilters {
    let (tile, inputs, outputs) = (tile, inputs, outputs)
    return PackedFilters(
      of: weight, count: positions,
      as: KernelsMatrix(
        n: Int64(outputs), k: Int64(inputs), transposed: false, bf16: isBF16),
      layout: .winograd(tile: tile, isFlipped: isFlipped, isBF16: isBF16), isPacked: tile > 2
    ) { numbers, columns, to in
      // As files hold them, but only those with these outputs of this direction.
      let part = Storage(count: 9 * inputs * columns.count)
      if isFlipped {
        for row in 0..<inputs {
          kernels_floats(
            numbers, Int64(9 * (row * outputs + columns.lowerBound)), Int64(9 * columns.count),
            part.base + 9 * row * columns.count)
        }
        kernels_winograd_filters(Int32(tile), Int64(columns.count), Int64(inputs), true, part.base, to)
      } else {
        kernels_floats(numbers, Int64(9 * inputs * columns.lowerBound), Int64(9 * inputs * columns.count), part.base)
        kernels_winograd_filters(Int32(tile), Int64(inputs), Int64(columns.count), false, part.base, to)
      }
    }
  }
}
