import Engine

/// What the image tower learns from in a run's training steps.
public enum FeedbackMethod: String, Codable, CaseIterable, CustomStringConvertible, Sendable {
  /// The frozen diffusion model's noise prediction error (Wang et al. 2025, eq. 4).
  case diva
  /// Contrastive noise predictions (DCR; `ContrastiveReconstruction`).
  case dcr
  /// The error of a frozen generator at drawing an image from CLIP's embedding of it (un²CLIP; `GeneratorInversion`).
  case unclip
  /// The error of a frozen denoiser that was trained from scratch on CLIP's embeddings (GenHancer; `GenhancerFeedback`).
  case genhancer
  /// A control without a generative model (`ContrastiveAnchor`).
  case contrastiveAnchor = "contrastive-anchor"

  public var description: String { rawValue }

  /// One line for help.
  var purpose: String {
    switch self {
    case .diva: "diva, the diffusion model's noise prediction error"
    case .dcr: "dcr, noise predictions contrasted between the images of a batch"
    case .unclip: "unclip, how badly a frozen generator draws the image from CLIP's embedding of it"
    case .genhancer: "genhancer, the same of a denoiser that learned by rectified flow from the class token alone"
    case .contrastiveAnchor: "contrastive-anchor, two crops of an image and an anchor at the baseline, a control"
    }
  }

  /// Whether the aligning steps are a first stage of the method. Those of the others, which have no projection, serve
  /// their pictures alone and are DIVA's. (un²CLIP's and GenHancer's first stages are their generators' training.)
  public var hasFirstStage: Bool { self == .diva || self == .dcr }

  /// Folders of the embedded models that it alone uses.
  var embeddedFolders: [String] {
    switch self {
    case .diva, .dcr, .contrastiveAnchor: []
    case .unclip: ["unclip"]
    case .genhancer: ["genhancer"]
    }
  }

  /// Whether each image is predicted under a condition of its own, which another's can replace.
  var hasCondition: Bool { [.diva, .unclip, .genhancer].contains(self) }

  /// Images whose loss depends on each other; parts of a micro-batch have whole groups of so many. nil: all of them.
  var group: Int? {
    switch self {
    case .diva, .unclip, .genhancer: 1
    case .dcr: ContrastiveReconstruction.group
    case .contrastiveAnchor: nil
    }
  }
}

/// A micro-batch's loss, and the noise prediction's error of each draw where there is one.
struct FeedbackLoss {
  let loss: Tensor
  var errors: [Double] = []
  var timesteps: [Int] = []
}
