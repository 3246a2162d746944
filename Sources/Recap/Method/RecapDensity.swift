import Engine

/// Which of CLIP's patch tokens condition the UNet beside the class token: DIVA's main hyperparameter.
///
/// With too few the reconstruction is hopeless, with too many trivial; between them CLIP has to put detail into its
/// tokens (paper, table 6). A density is a value: it can change between two steps of a run.
public enum RecapDensity: Hashable, Sendable {
  /// The class token alone.
  case classOnly
  /// The class token and every patch.
  case all
  /// A random share of the patches, each at most once, drawn anew for every image and step.
  case fraction(Double)
  /// This many random patches, drawn with replacement as the reference does for OpenAI's CLIPs.
  case count(Int)
  /// Means of this many neighbouring patches along the row-major sequence, as the reference does for SigLIP.
  case pooled(window: Int)
}

extension RecapDensity {
  /// The number of tokens in the condition of an image with `patches` patches, the class token included.
  public func tokenCount(patches: Int) -> Int {
    switch self {
    case .classOnly: 1
    case .all: 1 + patches
    case .fraction(let share): 1 + Int((share * Double(patches)).rounded())
    case .count(let count): 1 + count
    case .pooled(let window): 1 + patches / window
    }
  }

  /// The patches of each image that are in the condition (numbers 0 ..< patches), or nil where the choice is no list of patches (pooled).
  ///
  /// Depends on (seed, step, sample) only: `firstSample` is the number of the batch's first image in its step.
  public func chosenPatches(images: Int, patches: Int, random: RandomSource, step: Int, firstSample: Int = 0)
    -> [[Int]]?
  {
    let chosen = tokenCount(patches: patches) - 1
    return switch self {
    case .classOnly: Array(repeating: [], count: images)
    case .all: Array(repeating: Array(0..<patches), count: images)
    case .fraction:
      (0..<images).map { Array(random.permutation(patches, step: step, sample: firstSample + $0).prefix(chosen)) }
    case .count:
      (0..<images).map { image in
        (0..<chosen).map { random.integer(in: 0..<patches, step: step, sample: firstSample + image, position: $0) }
      }
    case .pooled: nil
    }
  }
}

extension RecapDensity: CustomStringConvertible {
  /// The name on the command line: `class`, `all`, `0.3`, `count:76`, `pool:6`.
  public var description: String {
    switch self {
    case .classOnly: "class"
    case .all: "all"
    case .fraction(let share): "\(share)"
    case .count(let count): "count:\(count)"
    case .pooled(let window): "pool:\(window)"
    }
  }

  /// Reads a name; throws a `Problem` that lists the names there are.
  public init(parsing text: String) throws {
    let number = text.split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
    switch text {
    case "class": self = .classOnly
    case "all": self = .all
    case _ where text.hasPrefix("count:"):
      guard let count = Int(number), (1...100_000).contains(count) else { throw Self.unknown(text) }
      self = .count(count)
    case _ where text.hasPrefix("pool:"):
      guard let window = Int(number), (1...100_000).contains(window) else { throw Self.unknown(text) }
      self = .pooled(window: window)
    default:
      guard let share = Double(text), share > 0, share <= 1 else { throw Self.unknown(text) }
      self = .fraction(share)
    }
  }

  private static func unknown(_ text: String) -> Problem {
    Problem(
      "there is no recap density “\(text.shown)”",
      advice: "use reference, paper, class, all, a share of the patches like 0.3, count:76 (drawn with replacement) or "
        + "pool:6 (a window)")
  }
}

extension RecapDensity: Codable {
  public init(from decoder: any Decoder) throws {
    self = try RecapDensity(parsing: try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A recap density as people name it: what the backbone's authors use, or one of its own.
public enum DensityChoice: Equatable, Sendable, CustomStringConvertible {
  /// What the reference's code does for this backbone.
  case reference
  /// What the paper says of this backbone; it differs from the code for OpenAI's CLIPs.
  case paper
  case named(RecapDensity)

  /// Reads a name; throws a `Problem` that lists the names there are.
  public init(parsing text: String) throws {
    switch text {
    case "reference": self = .reference
    case "paper": self = .paper
    default: self = .named(try RecapDensity(parsing: text))
    }
  }

  public var description: String {
    switch self {
    case .reference: "reference"
    case .paper: "paper"
    case .named(let density): density.description
    }
  }

  public func density(for backbone: Backbone) -> RecapDensity {
    switch self {
    case .reference: backbone.reference
    case .paper: backbone.paper
    case .named(let density): density
    }
  }
}
