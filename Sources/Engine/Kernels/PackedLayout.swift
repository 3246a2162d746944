/// Names a packed copy of a parameter's numbers, by its layout and precision.
enum PackedLayout: Hashable {
  /// In the order in which they are stored, in another precision.
  case dense(isBF16: Bool)
  /// The right side (inner × columns) of products; `isTransposed` of those with the transpose of what is stored.
  case matrix(columns: Int, inner: Int, isTransposed: Bool, isBF16: Bool)
  /// Filters as one matrix (taps·inputs × outputs); `isFlipped` turned by 180°, for the gradient of the input.
  case indirect(isFlipped: Bool)
  /// Filters transformed for Winograd's F(tile×tile, 3×3), a matrix for each position.
  case winograd(tile: Int, isFlipped: Bool, isBF16: Bool)
}
