import Engine

/// From square pictures to the two inputs of a DIVA step: CLIP's and the autoencoder's.
///
/// The reference normalises with OpenAI's colours, whichever CLIP it trains, scales that to CLIP's size bilinearly and
/// without antialiasing, and undoes the normalisation for the autoencoder with ImageNet's colours: a slight cast.
/// Source: DIVA, `data/transform.py`, `models/SD_with_*.py`.
public struct TrainingPixels: Equatable, Sendable {
  public enum Mapping: String, CaseIterable, Codable, Sendable {
    /// As the reference does it, its mismatch of colours included.
    case reference
    /// CLIP's own colours, and 2p − 1 for the autoencoder.
    case exact
  }

  /// Side of CLIP's square.
  public let clipSide: Int
  /// The colours that CLIP was trained with: for the exact mapping.
  public let colors: ColorStatistics
  public let mapping: Mapping

  public init(clipSide: Int, colors: ColorStatistics, mapping: Mapping = .reference) {
    self.clipSide = clipSide
    self.colors = colors
    self.mapping = mapping
  }

  /// (B, clipSide, clipSide, 3) from pictures of one size.
  public func clipPixels(_ images: [Image]) -> Tensor {
    let tables = mapping == .reference ? ColorStatistics.openAI.tables : colors.tables
    return Tensor.imageBatch(images, tables: tables)
      .resized(height: clipSide, width: clipSide, by: .bilinear, antialias: false)
  }

  /// The autoencoder's input, (B, H, W, 3): nearly −1 … 1.
  public func autoencoderPixels(_ images: [Image]) -> Tensor {
    guard mapping == .reference else { return .signedPixels(images) }
    let (mean, deviation) = (ColorStatistics.imageNet.mean, ColorStatistics.imageNet.deviation)
    let tables = ColorStatistics.openAI.tables.enumerated().map { channel, table in
      table.map { 2 * ($0 * deviation[channel] + mean[channel]) - 1 }
    }
    return .imageBatch(images, tables: tables)
  }
}
