import Engine

/// The ways in which a tensor can lie in memory.
enum Layout: CaseIterable {
  /// Alone, from the first number of its storage on.
  case alone
  /// Rows in the middle of a larger tensor, so that it begins at an odd place between numbers that must not matter.
  case amongOthers

  func arrange(_ x: Tensor) -> Tensor {
    switch self {
    case .alone: return x
    case .amongOthers:
      let rows = x.reshaped(Shape([1] + x.shape.dims))
      let poison = Tensor(repeating: .nan, shape: rows.shape)
      return Tensor.stacked([poison, rows, poison]).sliced(1..<2).reshaped(x.shape)
    }
  }
}
