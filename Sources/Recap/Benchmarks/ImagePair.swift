import FoundationEssentials

/// Images and statements that a CLIP must not confuse: the one unit of all benchmarks of fine detail.
///
/// Two images with a statement each, or one of many: an image with several statements, of which the first ones are true,
/// or a statement with several images, of which the first is right.
public struct ImagePair: Equatable, Sendable {
  public enum Shape: Equatable, Sendable {
    /// Two images, two statements.
    case square
    /// One image; so many of the first statements are true of it, the others are not.
    case statements(right: Int)
    /// One statement, true of the first of so many images only.
    case images(Int)
  }

  /// Position in the benchmark, from 0.
  public let index: Int
  /// What the benchmark's files call it.
  public let id: String
  public let shape: Shape
  /// nil for other benchmarks' pairs, and for those of which only the recorded answers are known.
  public let pattern: Pattern?
  /// What differs, as the benchmark has it; of MMVP's pairs the pattern.
  public let category: PairCategory?
  /// Odd for the first image's statement, even for the second's: the benchmark's ground truth is the parity.
  public let questionIDs: [Int]
  public let statements: [String]
  /// Empty for pairs whose images are drawn, as the mini world's are.
  public let imageURLs: [URL]
  /// The part of the image that is meant; nil for all of it.
  public let crop: PixelBox?
  /// Pairs of one set are counted together: What'sUp's four relations of the same things.
  public let set: PairSet?

  public init(
    index: Int, pattern: Pattern?, questionIDs: [Int]? = nil, statements: [String], imageURLs: [URL] = [],
    id: String? = nil, shape: Shape = .square, category: PairCategory? = nil, crop: PixelBox? = nil,
    set: PairSet? = nil
  ) {
    self.index = index
    self.id = id ?? "\(index + 1)"
    (self.shape, self.pattern) = (shape, pattern)
    self.category = category ?? pattern.map(PairCategory.init)
    self.questionIDs = questionIDs ?? [2 * index + 1, 2 * index + 2]
    (self.statements, self.imageURLs, self.crop, self.set) = (statements, imageURLs, crop, set)
    precondition(self.questionIDs.count == 2, "a pair has two questions")
    switch shape {
    case .square:
      precondition(statements.count == 2 && [0, 2].contains(imageURLs.count), "a pair has two of everything")
    case .statements(let right):
      precondition(
        (1..<statements.count).contains(right) && imageURLs.count < 2, "one image, true and false statements")
    case .images(let count):
      precondition(
        statements.count == 1 && count > 1 && [0, count].contains(imageURLs.count), "one statement, several images")
    }
  }

  /// Images that a model sees for it.
  public var imageCount: Int {
    switch shape {
    case .square: 2
    case .statements: 1
    case .images(let count): count
    }
  }

  /// What a random order of the similarities gets right, as a part of one: of all choices by statement, or of one of many.
  public var chance: Double {
    switch shape {
    case .square: 0.25
    case .images: 1 / Double(imageCount)
    case .statements(let right):
      // All true ones first: 1 of the ways to choose them.
      (0..<right).reduce(1) { $0 * Double(right - $1) / Double(statements.count - $1) }
    }
  }
}

/// What the pairs of a part of a benchmark differ in.
public struct PairCategory: Hashable, Sendable {
  /// In files, and in tables of results as the benchmark's authors print them.
  public let name: String
  public let title: String
  /// On screens, the same on all of them, and in filters.
  public let shown: String

  public init(_ name: String) { (self.name, title, shown) = (name, name, name) }

  public init(_ pattern: Pattern) { (name, title, shown) = (pattern.typeName, pattern.title, pattern.shortName) }

  /// Those of pairs, MMVP's in its order, others as they come.
  public static func all(of pairs: some Sequence<ImagePair>) -> [PairCategory] {
    var seen: Set<PairCategory> = []
    let found = pairs.compactMap(\.category).filter { seen.insert($0).inserted }
    let patterns = Pattern.allCases.map(PairCategory.init)
    return patterns.filter(seen.contains) + found.filter { !patterns.contains($0) }
  }
}

extension Sequence<ImagePair> {
  /// What guessing gets of them, as a part of one; of two images and two statements where there is no pair.
  public var chance: Double {
    let each = map(\.chance)
    return each.isEmpty ? 0.25 : each.mean
  }
}

/// Which set of pairs one belongs to, and which of the set's parts it is of; both parts must be right for a pair of opposites.
public struct PairSet: Equatable, Sendable {
  public let name: String
  /// The relation: left_of.
  public let member: String
  /// Of the pair of opposites in it: left_of and right_of.
  public let opposites: String

  public init(_ name: String, member: String, opposites: String) {
    (self.name, self.member, self.opposites) = (name, member, opposites)
  }
}

/// A part of an image in pixels.
public struct PixelBox: Hashable, Sendable {
  public let x, y, width, height: Int
}
