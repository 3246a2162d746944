import Engine
import Foundation

/// One run of a sweep, in a folder of its own: what is finished is kept, what was stopped goes on.
public struct SweepCell: Sendable {
  public let run: RunDescription
  /// By which no other run of the sweep goes: `class-seed-1`.
  public let name: String
  /// nil where the sweep is not recorded.
  public let path: String?

  /// - Parameters:
  ///   - run: what is to be trained.
  ///   - value: of the setting that the sweep changes, which with the seed names the run.
  ///   - folder: of the whole sweep.
  public init(_ run: RunDescription, named value: String, in folder: String?) {
    self.run = run
    name = String(value.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-" }) + "-seed-\(run.seed)"
    path = folder.map { [name] in "\($0)/\(name)" }
  }

  public enum State: Sendable {
    case new
    /// Begun, and not at its end.
    case begun(RunFolder, RunHistory)
    case finished(RunFolder, RunHistory)
  }

  /// What the folder holds. Throws a `Problem` where that is a run of something else, or one that is being written.
  public func state() throws -> State {
    guard let path, FileManager.default.fileExists(atPath: path + "/run.json") else { return .new }
    let folder = try RunFolder(opening: path)
    if let difference = difference(from: folder.description) {
      throw Problem(
        "cannot go on with the sweep: \(path) holds a run with other settings (\(difference))",
        advice: "give the options that the sweep began with, or another folder with --out")
    }
    guard folder.isBeingWritten != true else {
      throw Problem("cannot go on with the sweep: another process trains \(path)", advice: "wait until that has ended")
    }
    let history = try folder.history()
    return history.isFinished ? .finished(folder, history) : .begun(folder, history)
  }

  /// The first thing that is not the same, with both values; when, where and by what version it was made does not count.
  private func difference(from other: RunDescription) -> String? {
    if let setting = TrainSetting.differing(in: [run.configuration, other.configuration]).first {
      return "\(setting.name): \(setting.text(other.configuration)), not \(setting.text(run.configuration))"
    }
    let same: [(String, String?, String?)] = [
      ("CLIP", other.clip, run.clip), ("diffusion model", other.diffusion, run.diffusion),
      ("embedded model", other.embeddedWeights, run.embeddedWeights), ("data", other.data, run.data),
      ("crop or normalisation", other.images.map { "\($0)" }, run.images.map { "\($0)" }),
      ("folder of pairs", other.mmvp, run.mmvp), ("choice of pairs", other.pairs, run.pairs),
      ("prompt", other.prompt, run.prompt), ("tuned CLIP", other.tuned, run.tuned),
      ("interpolation of weights", other.interpolates?.rawValue, run.interpolates?.rawValue),
    ]
    if let (name, theirs, own) = same.first(where: { $0.1 != $0.2 }) {
      return "\(name): \(theirs ?? "none"), not \(own ?? "none")"
    }
    var asMade = run
    (asMade.version, asMade.created, asMade.threads, asMade.cpu) = (
      other.version, other.created, other.threads, other.cpu
    )
    return asMade == other ? nil : "another description in its run.json"
  }
}

/// What is still to be done in a sweep.
public struct SweepCost: Equatable, Sendable {
  public private(set) var runs = 0
  public private(set) var finished = 0
  public private(set) var begun = 0
  /// Of the steps and evaluations that are left.
  public private(set) var seconds = 0.0

  public init() {}

  /// - Parameter pace: of the models on this machine.
  public init(_ cells: [(plan: TrainConfiguration, state: SweepCell.State)], _ pace: Pace) {
    for cell in cells { add(cell.plan, cell.state, pace) }
  }

  /// Counts one run.
  public mutating func add(_ plan: TrainConfiguration, _ state: SweepCell.State, _ pace: Pace) {
    runs += 1
    var (aligned, trained, evaluated) = (0, 0, false)
    switch state {
    case .finished:
      finished += 1
      return
    case .begun(_, let history):
      begun += 1
      // It goes on from what was saved.
      trained = history.savedStep
      aligned = trained > 0 ? plan.alignSteps : 0
      evaluated = history.evaluations.first != nil
    case .new: break
    }
    let evaluations =
      plan.evaluateEvery > 0 ? (plan.steps - trained + plan.evaluateEvery - 1) / plan.evaluateEvery : 1
    seconds +=
      Double(plan.alignSteps - aligned) * pace.aligning + Double(plan.steps - trained) * pace.training
      + Double(evaluations + (evaluated ? 0 : 1)) * pace.evaluation + pace.ending
  }
}

extension SweepCost: CustomStringConvertible {
  /// `12 runs, 3 finished, 1 to go on with: about 34 min 5 s`.
  public var description: String {
    let parts =
      ["\(runs.counted("run"))"] + (finished > 0 ? ["\(finished) finished"] : [])
      + (begun > 0 ? ["\(begun) to go on with"] : [])
    return parts.joined(separator: ", ") + (finished < runs ? ": about \(seconds.durationText)" : "")
  }
}
