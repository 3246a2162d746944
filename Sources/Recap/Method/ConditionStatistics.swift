import Engine
import Foundation

/// Mean and overall standard deviation of the diffusion model's conditions.
///
/// Written once, when the denoiser is trained, and kept beside it, as Stable unCLIP keeps its `image_normalizer`: with
/// it a new condition can be given the right mean and scale without a caption.
public struct ConditionStatistics: Codable, Equatable, Sendable {
  /// (context width).
  public let mean: [Float]
  /// Root of the mean variance over the axes.
  public let deviation: Float

  /// Of conditions in rows, (n, C).
  public init(_ rows: Tensor) {
    let (count, width) = (rows.shape[0], rows.shape[1])
    (mean, deviation) = rows.withUnsafeValues { values in
      let mean = (0..<width).map { column in
        (0..<count).reduce(Float(0)) { $0 + values[$1 * width + column] } / Float(count)
      }
      let squares = values.indices.reduce(Double(0)) { sum, i in
        let difference = Double(values[i] - mean[i % width])
        return sum + difference * difference
      }
      return (mean, Float((squares / Double(values.count)).squareRoot()))
    }
  }

  public init(contentsOf url: URL) throws {
    do {
      self = try JSONDecoder().decode(ConditionStatistics.self, from: SmallFile.read(url.path))
    } catch let error as DecodingError {
      throw ConditionStatistics.damaged(url, RunJSON.reason(error))
    }
    guard !mean.isEmpty, deviation > 0, deviation.isFinite else {
      throw ConditionStatistics.damaged(url, "expected a mean and a deviation above 0")
    }
  }

  private static func damaged(_ url: URL, _ reason: String) -> Problem {
    Problem(
      "cannot read \(url.path): \(reason)",
      advice: "it should give the mean and deviation of the diffusion model's conditions; restore the folder")
  }

  static func exist(in diffusion: WeightsFolder) -> Bool {
    FileManager.default.fileExists(atPath: MiniFolder.conditionStatistics(in: diffusion).path)
  }

  /// Those kept in a diffusion model's folder; nil where there are none, as in Stable Diffusion's.
  static func besideDenoiser(in diffusion: WeightsFolder) throws -> ConditionStatistics? {
    exist(in: diffusion) ? try ConditionStatistics(contentsOf: MiniFolder.conditionStatistics(in: diffusion)) : nil
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try DurableFile.write(try encoder.encode(self), to: url.path)
  }
}
