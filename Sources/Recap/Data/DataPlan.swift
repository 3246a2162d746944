import Engine

/// Which images of a person's own a run learns from, and how they become pixels.
public struct DataPlan: Codable, Equatable, Sendable {
  /// Which part of an image a step sees.
  public enum Crop: String, Codable, CaseIterable, Sendable {
    /// Another one each time, nearly the whole image (0.9 to 1 of its area): the reference's.
    case random
    /// Always the square in the middle, so that its latent need be computed only once.
    case center
  }

  /// Folders, webdataset tars and patterns of such (`cc3m/*.tar`).
  public var paths: [String]
  public var crop: Crop
  public var colors: TrainingPixels.Mapping

  public init(_ paths: [String], crop: Crop = .random, colors: TrainingPixels.Mapping = .reference) {
    (self.paths, self.crop, self.colors) = (paths, crop, colors)
  }
}
