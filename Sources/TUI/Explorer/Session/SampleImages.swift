import Engine

/// Images that can be reconstructed, each with the number of its noise.
///
/// The noise of a pair's image and of a person's file does not depend on what was looked at before, so that the same picture
/// has the same error in every session.
struct SampleImages {
  private(set) var images: [Image]
  private(set) var noises: [Int]

  init(_ images: [Image] = []) { (self.images, noises) = (images, Array(images.indices)) }

  var count: Int { images.count }
  var isEmpty: Bool { images.isEmpty }

  /// Further noises of an image are thousands apart.
  private static let (ofPairs, ofFiles) = (1_000_000, 900_000)

  mutating func append(_ image: Image, ofPair which: PairPicture) {
    images.append(image)
    noises.append(Self.ofPairs + 2 * which.place + which.side)
  }

  mutating func append(file image: Image) {
    images.append(image)
    noises.append(Self.ofFiles)
  }
}
