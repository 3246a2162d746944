import Engine

/// What a tag of another program says, where its name leaves no doubt. A tag without a meaning is shown under its own name.
public enum TagMeaning: CaseIterable, Sendable {
  case loss, pairs, zeroShot, gradientNorm, learningRate, speed

  public init?(_ tag: String) {
    let parts = tag.lowercased().split(separator: "/").map(String.init)
    guard let last = parts.last else { return nil }
    // Other losses and rates than training's are of evaluations, or of this program's aligning steps.
    let held = ["eval", "val", "valid", "validation", "test", "align"]
    let isOfTraining = !parts.contains { part in held.contains { part == $0 || part.hasPrefix($0 + "_") } }
    let name = last.filter { $0.isLetter || $0.isNumber }
    let all = parts.joined().filter { $0.isLetter || $0.isNumber }
    if all.contains("mmvp") || tag == "pairs/tuned" {
      self = .pairs
    } else if all.contains("zeroshot"), !tag.hasSuffix("/baseline") {
      self = .zeroShot
    } else if !isOfTraining {
      return nil
    } else if ["loss", "totalloss", "losstotal", "trainingloss"].contains(name) || parts == ["loss", "train"] {
      self = .loss
    } else if ["lr", "learningrate"].contains(name) || last.hasPrefix("lr-") {
      self = .learningRate
    } else if ["gradnorm", "gradientnorm"].contains(name) {
      self = .gradientNorm
    } else if ["imagespersecond", "samplespersecond", "imagespers"].contains(name) {
      self = .speed
    } else {
      return nil
    }
  }

  /// As this program's own charts are called.
  public var title: String {
    switch self {
    case .loss: "Loss"
    case .pairs: "Pairs"
    case .zeroShot: "Zero-shot"
    case .gradientNorm: "Gradient norm"
    case .learningRate: "Learning rate"
    case .speed: "Images/s"
    }
  }
}

extension ScalarHistory {
  /// The tags in the order in which they are shown: those with a meaning first, in its order, then the others by name. What is
  /// drawn beside another stands under that (`baseline(of:)`).
  public var orderedTags: [String] {
    func rank(_ tag: String) -> Int {
      TagMeaning(tag).flatMap { TagMeaning.allCases.firstIndex(of: $0) } ?? TagMeaning.allCases.count
    }
    let beside = Set(series.keys.compactMap(baseline))
    return series.keys.filter { !beside.contains($0) }.map { (rank($0), $0) }.sorted { $0 < $1 }.map(\.1)
  }

  /// The tag of what a tuned model is compared with: this program writes `pairs/baseline` beside `pairs/tuned`.
  public func baseline(of tag: String) -> String? {
    guard tag.hasSuffix("/tuned") else { return nil }
    let other = tag.dropLast(5) + "baseline"
    return series[String(other)] == nil ? nil : String(other)
  }
}
