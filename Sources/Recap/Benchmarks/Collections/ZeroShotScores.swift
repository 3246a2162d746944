import Engine

/// What CLIP_benchmark measures of zero-shot classification, from the place of each image's own class among all.
public struct ZeroShotScores: Equatable, Sendable {
  /// For each image how many classes are at least as near as its own; nil where it cannot be read.
  let places: [Int?]
  private let labels: [Int]
  public let classes: Int

  init(_ features: [Float], width: Int, classFeatures: Tensor, labels: [Int]) {
    self.labels = labels
    let classes = classFeatures.shape[0]
    self.classes = classes
    var places: [Int?] = []
    withoutGradient {
      for start in stride(from: 0, to: labels.count, by: 1024) {
        let end = min(labels.count, start + 1024)
        let rows = Tensor(Array(features[start * width..<end * width]), shape: [end - start, width]).normalized()
        rows.matmul(classFeatures, transposed: true).withUnsafeValues { logits in
          for row in 0..<end - start {
            let own = logits[row * classes + labels[start + row]]
            places.append(
              own.isNaN
                ? nil : (0..<classes).count { $0 != labels[start + row] && logits[row * classes + $0] >= own })
          }
        }
      }
    }
    self.places = places
  }

  public var used: Int { places.count { $0 != nil } }
  /// Images whose own class is the nearest.
  public var right: Int { places.count { $0 == 0 } }
  public var acc1: Double { share { $0 < 1 } }
  /// nil for fewer than five classes, as in CLIP_benchmark.
  public var acc5: Double? { classes < 5 ? nil : share { $0 < 5 } }
  /// The plain mean over the classes that have images.
  public var meanPerClassRecall: Double {
    var counts: [Int: (right: Int, all: Int)] = [:]
    for (label, place) in zip(labels, places) {
      guard let place else { continue }
      counts[label, default: (0, 0)].all += 1
      if place == 0 { counts[label, default: (0, 0)].right += 1 }
    }
    return counts.values.reduce(0) { $0 + Double($1.right) / Double($1.all) } / Double(max(counts.count, 1))
  }
  public var interval: ConfidenceInterval { .wilson(successes: right, trials: used) }

  private func share(_ isRight: (Int) -> Bool) -> Double {
    Double(places.count { $0.map(isRight) == true }) / Double(max(used, 1))
  }

  /// Which images another model classifies rightly that this one does not, and the other way round.
  public func comparison(with after: ZeroShotScores) -> PairedComparison {
    let both = zip(places, after.places).filter { $0 != nil && $1 != nil }
    return PairedComparison(before: both.map { $0.0 == 0 }, after: both.map { $0.1 == 0 })
  }
}

extension CLIP {
  /// For each class the mean of its prompts' features, each of length 1, brought to length 1: (classes, E).
  func classFeatures(
    _ prompts: [[String]], _ tokenizer: any Tokenizer, cache: FeatureCache?, progress: (Int) throws -> Void = { _ in }
  ) rethrows -> Tensor {
    let values = try textFeatures(of: prompts.flatMap { $0 }, by: self, tokenizer, cache: cache, progress: progress)
    let width = values.count / max(1, prompts.reduce(0) { $0 + $1.count })
    return .classMeans(of: Tensor(values, shape: [values.count / width, width]), counts: prompts.map(\.count))
  }
}

extension Tensor {
  /// Of rows (n, E) for each of the following counts the mean of so many, each of length 1 before, brought to length 1.
  static func classMeans(of rows: Tensor, counts: [Int]) -> Tensor {
    let width = rows.shape[1]
    return withoutGradient {
      let units = rows.normalized().values
      var first = 0
      let means = counts.flatMap { count -> [Float] in
        defer { first += count }
        return (0..<width).map { column in
          (first..<first + count).reduce(0) { $0 + units[$1 * width + column] } / Float(count)
        }
      }
      return Tensor(means, shape: [counts.count, width]).normalized()
    }
  }
}
