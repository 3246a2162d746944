import Engine
import Terminal

/// A point of the training curve.
struct TrainPoint: Equatable, Sendable {
  var step: Int
  /// Mean squared error of the predicted noise, over the step's images and noise draws.
  var loss: Double
  var learningRate: Double
  var gradientNorm: Double
  var imagesPerSecond: Double
  /// Time spent training since the run began, without pauses.
  var seconds: Double
}

/// How the two models did on one of MMVP's patterns, as parts of one.
struct PatternScore: Equatable, Sendable {
  var name: String
  var baseline: Double?
  var tuned: Double?
}

/// Both models on the same pairs. A pair counts when both statements pick their image.
struct Evaluation: Equatable, Sendable {
  var step: Int
  var pairs: Int
  var baselinePairsCorrect: Int
  var tunedPairsCorrect: Int
  var patterns: [PatternScore]
  /// Pairs that only the tuned model gets right, and pairs that only the baseline gets right.
  var fixed: Int
  var broken: Int
  /// Exact two-sided McNemar test of `fixed` against `broken`.
  var pValue: Double
  /// 95 % interval of tuned minus baseline, as parts of one.
  var interval95: ClosedRange<Double>
  /// Coarse zero-shot accuracy, as parts of one.
  var zeroShotBaseline: Double?
  var zeroShotTuned: Double?

  var baselineAccuracy: Double { Double(baselinePairsCorrect) / Double(max(pairs, 1)) }
  var tunedAccuracy: Double { Double(tunedPairsCorrect) / Double(max(pairs, 1)) }
}

/// The same error for both models.
struct ErrorPair: Equatable, Sendable {
  var baseline: Double
  var tuned: Double
}

/// What the frozen diffusion model rebuilds from a noised image and from what a CLIP told it.
struct Reconstruction: Equatable, Sendable {
  var imageIndex: Int
  /// How far the image was noised: a step of the noise schedule.
  var timestep: Int
  /// The training step at which the tuned model was used.
  var step: Int
  /// The name of the density with which both models told what they saw.
  var density: String
  var original: Picture
  var noised: Picture
  var byBaseline: Picture
  var byTuned: Picture
  /// Mean squared errors against the original.
  var latentError: ErrorPair
  var pixelError: ErrorPair
}

/// One model's answer to a pair.
struct PairAnswer: Equatable, Sendable {
  /// For each statement the probability that it belongs to the first image.
  var scores: [Double]

  init(scores: [Double]) {
    precondition(scores.count == 2, "a pair has two statements, not \(scores.count)")
    self.scores = scores
  }

  /// The image (0 or 1) that a statement picks; one half goes to the second, as in the reference.
  func pick(statement: Int) -> Int { scores[statement] > 0.5 ? 0 : 1 }

  /// The probability of the picked image.
  func certainty(statement: Int) -> Double { max(scores[statement], 1 - scores[statement]) }

  func isRight(statement: Int) -> Bool { pick(statement: statement) == statement }

  var isRight: Bool { isRight(statement: 0) && isRight(statement: 1) }
}

/// A pair of images that look alike to CLIP, a statement for each, and what both models made of it.
struct PairRow: Equatable, Sendable {
  enum Outcome: Equatable { case unknown, fixed, broken, bothRight, bothWrong }

  /// Counted from 1, as MMVP does.
  var number: Int
  var pattern: String
  var statements: [String]
  var images: [Picture]
  var baseline: PairAnswer?
  var tuned: PairAnswer?

  var outcome: Outcome {
    guard let baseline, let tuned else { return .unknown }
    switch (baseline.isRight, tuned.isRight) {
    case (false, true): return .fixed
    case (true, false): return .broken
    case (true, true): return .bothRight
    case (false, false): return .bothWrong
    }
  }
}

/// A setting of the recap density, and what is known of it.
struct DensityInfo: Equatable, Sendable {
  /// As on the command line: "class", "0.3", "pool:6".
  var name: String
  /// As people say it: "class only", "30 %".
  var label: String
  /// How many tokens the diffusion model is told, the class token included.
  var tokens: Int
  /// For each patch, row by row, the number of the local token that tells it; nil where nothing does. Patches that share
  /// a number are pooled. Of a random density this is one draw.
  var tokenOfPatch: [Int?]
  var patchColumns: Int
  /// Mean loss of this run's steps under this density.
  var loss: Double?
  var steps = 0

  var patchRows: Int { patchColumns > 0 ? tokenOfPatch.count / patchColumns : 0 }
  var toldPatches: Int { tokenOfPatch.count { $0 != nil } }
}

/// What the trainer is doing.
enum TrainingStatus: Equatable, Sendable {
  /// What is being waited for: "loading the mini world".
  case loading(String)
  case ready, running, paused, stopped, finished
  /// Another process trains.
  case live
  /// Another process trained, and is gone without a word.
  case crashed(silentSeconds: Double)
  case failed(Problem)
}

/// What the run is.
struct RunPlan: Equatable, Sendable {
  var name = ""
  var totalSteps = 0
  /// Steps on the visual projection alone, before the first one on CLIP.
  var alignSteps = 0
  /// Another process trains or trained it: it can be looked at, not steered.
  var isWatched = false
  /// The steps of the noise schedule that reconstructions can start from, rising.
  var timesteps: [Int] = []
  /// The length of the noise schedule.
  var scheduleLength = 1000
  /// All noise levels of an image are rebuilt, as that is quick; otherwise only those that are asked for.
  var rebuildsEveryLevel = true
}

/// All that the trainer has told so far.
struct Feed: Equatable, Sendable {
  var plan = RunPlan()
  var status = TrainingStatus.loading("starting")
  /// Steps on the visual projection alone, CLIP frozen; then those on CLIP.
  var aligning: [TrainPoint] = []
  var points: [TrainPoint] = []
  var evaluations: [Evaluation] = []
  /// The images that can be rebuilt.
  var samples: [Picture] = []
  /// The last reconstruction of each image and timestep.
  var reconstructions: [Reconstruction] = []
  var pairs: [PairRow] = []
  var densities: [DensityInfo] = []
  /// The name of the density that the next step uses.
  var density = ""
  /// What is opened, part by part; empty when runs are looked at.
  var opening: [OpeningPart] = []
  /// How far the answers to the pairs are; nil when all are known.
  var scoring: WorkProgress?
  /// An evaluation is on, and has come to pictures of single things.
  var naming: WorkProgress?
  /// What is being rebuilt, or was left off.
  var rebuilding: RebuildProgress?
  /// How far the step is that is being taken, where it has several parts.
  var stepping: WorkProgress?
  /// What a run costs here.
  var cost: RunCost?
  /// Why there is nothing to rebuild, or no density to choose; nil when there is, or will be soon.
  var absence: String?
  /// The last step whose weights are on disk.
  var savedStep = 0
  /// When the last word of the trainer came, on the explorer's clock.
  var lastNews = 0.0

  var step: Int { points.last?.step ?? 0 }
  /// The projection learns, and CLIP has not changed yet.
  var isAligning: Bool { points.isEmpty && !aligning.isEmpty }
  /// How much of the stage that is on is done, as a part of one.
  var progress: Double {
    let (step, total) = isAligning ? (aligning.last?.step ?? 0, plan.alignSteps) : (step, plan.totalSteps)
    return Double(step) / Double(max(total, 1))
  }
  var currentDensity: DensityInfo? { densities.first { $0.name == density } }

  /// Whether a run is under way here that is saved when the program ends.
  var isTraining: Bool { status == .running || status == .paused }

  /// Steps that would be lost if the program ended now.
  var unsavedSteps: Int {
    // A step that was only measured is nobody's loss.
    if cost?.stage == .measured { return 0 }
    return switch status {
    case .running, .paused: max(0, step - savedStep)
    default: 0
    }
  }

  /// What was rebuilt with the density that is in use.
  func reconstruction(of imageIndex: Int, timestep: Int) -> Reconstruction? {
    reconstructions.first { $0.imageIndex == imageIndex && $0.timestep == timestep && $0.density == density }
  }

  mutating func take(_ new: Reconstruction) {
    if let at = reconstructions.firstIndex(where: { $0.imageIndex == new.imageIndex && $0.timestep == new.timestep }) {
      reconstructions[at] = new
    } else {
      reconstructions.append(new)
    }
  }
}
