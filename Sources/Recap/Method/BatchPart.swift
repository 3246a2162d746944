/// Neighbouring images of a micro-batch that are computed together: all of them, or a part whose gradient is added to the
/// others'. What chance decides about an image depends on its place in the whole.
public struct BatchPart: Equatable, Sendable {
  public let places: Range<Int>
  /// Images of the whole micro-batch.
  public let batch: Int

  /// Part number `part` of `parts`, which differ by one image at most.
  public init(_ part: Int, of parts: Int, batch: Int) {
    precondition(parts <= batch && part < parts, "part \(part) of \(parts) of \(batch) images")
    (places, self.batch) = (part * batch / parts..<(part + 1) * batch / parts, batch)
  }

  public static func whole(_ batch: Int) -> BatchPart { BatchPart(0, of: 1, batch: batch) }

  var isWhole: Bool { places.count == batch }

  /// What its mean counts in the mean of the micro-batch.
  var share: Float { Float(places.count) / Float(batch) }
}
