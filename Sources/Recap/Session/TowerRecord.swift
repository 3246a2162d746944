import Engine
import Foundation

/// The tuned image tower as an evaluation scored it: `tower-N.safetensors.gz` in the run's folder, N the number of steps on it.
///
/// It holds the difference of each parameter from the baseline's in half precision, whose rounding is a thousandth of what a
/// run changes, and the visual projection whole. What gzip's checksum finds damaged is refused.
public enum TowerRecord {
  /// Writes a run's tower; one of the same step is replaced.
  static func write(_ models: DivaModels, step: Int, to run: RunFolder) throws {
    let towers = zip(models.tuned.parameters, models.baseline.vision.parameters)
    let entries = withoutGradient {
      towers.map { SafetensorsWriter.Entry.float16s($0.name, $0.value.detached() - $1.value.detached()) }
        + models.projectionParameters.map { .floats(VisualProjection.key($0), $0.value.detached()) }
    }
    let file = try Gzip.compressed([UInt8](SafetensorsWriter(entries).contents))
    try DurableFile.write(Data(file), to: run.towerPath(step))
  }

  /// Gives the models the tower and the projection of a step. Throws a `Problem` that names a damaged file; the tower is then
  /// what it was before.
  public static func restore(_ models: DivaModels, to step: Int, of run: RunFolder) throws {
    let path = run.towerPath(step)
    let (learned, projection) = (models.tuned.parameters, models.projectionParameters)
    let numbers = (learned + projection).reduce(0) { $0 + 4 * $1.shape.count }
    let file: SafetensorsFile
    do {
      let packed = try SmallFile.read(path, limit: numbers + headerLimit)
      let contents = try Gzip.inflated([UInt8](packed), limit: numbers + headerLimit)
      file = try SafetensorsFile(contents: contents, name: path)
    } catch {
      throw Problem(
        "the tower of step \(step) in \(run.path) cannot be used: \(Problem(error).message)",
        advice: "the other steps can be looked at")
    }
    let changes = try learned.map { try file.tensor(named: $0.name, of: $0.shape) }
    let projected = try projection.map { try file.tensor(named: VisualProjection.key($0), of: $0.shape) }
    withoutGradient {
      for ((parameter, before), change) in zip(zip(learned, models.baseline.vision.parameters), changes) {
        parameter.assign(before.value.detached() + change)
      }
      for (parameter, value) in zip(projection, projected) { parameter.assign(value) }
    }
  }

  /// More than names and shapes of any tower take.
  private static let headerLimit = 1 << 20
}

extension TrainingSession {
  /// Before the log has the evaluation, so that no entry of it lacks its tower. What cannot be written is missed by those who
  /// look back, by nothing else.
  func keepTower() throws {
    guard let recorder else { return }
    try recorder.keepPlace()
    do {
      try TowerRecord.write(trainer.models, step: trainer.trained, to: recorder.folder)
    } catch {
      recorder.note(Problem(error))
    }
  }
}

extension SafetensorsFile {
  /// A tensor that must be there, of this shape.
  fileprivate func tensor(named name: String, of shape: Shape) throws -> Tensor {
    guard let tensor = try tensor(named: name), tensor.shape == shape else {
      let found = description(of: name).map { "\(Shape($0.dims))" } ?? "missing"
      throw Problem(
        "cannot use \(self.name): \(name) is \(found), this model needs \(shape)",
        advice: "the recorded tower belongs to another model")
    }
    return tensor
  }
}
