import Engine
import Foundation

/// The samples of webdataset tars that have an image and another member: `.cls` with a label, `.txt` with captions.
struct ShardSamples: ImageSource {
  private struct Sample {
    let shard: Int
    let image: TarArchive.Member
    let text: TarArchive.Member
    let name: String
  }

  private let shards: [FileName]
  private let samples: [Sample]
  /// Samples without an image or without the other member, and shards that break off.
  let skipped: [Problem]

  /// - Parameter kind: the other member's ending: cls.
  ///
  /// Throws a `Problem` when a tar cannot be opened.
  init(_ shards: [String], kind: String) throws {
    self.shards = shards.map { FileName($0) }
    var samples: [Sample] = []
    var skipped: [Problem] = []
    for (number, path) in self.shards.enumerated() {
      let tar = try TarArchive(path) { ($0.isImage || $0.fileExtension == kind) && !$0.isOfMacArchive }
      let images = tar.names.indices.filter { tar.names[$0].isImage }
      let chosen = Samples.chosen(images.map { tar.names[$0] }).map { images[$0] }
      var texts: [[UInt8]: Int] = [:]
      for place in tar.names.indices where tar.names[place].fileExtension == kind {
        texts[Self.key(tar.names[place])] = place
      }
      for place in chosen {
        let name = "\(path.text): \(tar.names[place].text.shown)"
        guard let text = texts.removeValue(forKey: Self.key(tar.names[place])) else {
          skipped.append(Problem("\(name) has no .\(kind)"))
          continue
        }
        samples.append(Sample(shard: number, image: tar.members[place], text: tar.members[text], name: name))
      }
      skipped += texts.values.sorted().map { Problem("\(path.text): \(tar.names[$0].text.shown) has no image") }
      skipped += tar.obstacles + [tar.damage].compactMap(\.self)
    }
    (self.samples, self.skipped) = (samples, skipped)
  }

  /// The path up to the first dot of its last part.
  private static func key(_ name: FileName) -> [UInt8] {
    let begin = name.bytes.count - name.last.bytes.count
    let dot = name.bytes[begin...].dropFirst().firstIndex(of: UInt8(ascii: ".")) ?? name.bytes.endIndex
    return Array(name.bytes[..<dot])
  }

  var count: Int { samples.count }

  func image(_ index: Int) throws -> Image {
    let sample = samples[index]
    return try Image(
      decoding: TarArchive.contents(of: sample.image, in: shards[sample.shard]), named: sample.name)
  }

  func stamp(_ index: Int) -> String {
    "\(FileStamp.stamp(shards[samples[index].shard])) \(samples[index].image.start)"
  }

  func name(_ index: Int) -> String { samples[index].name }

  /// The other member, as text; short ones only.
  func text(_ index: Int) throws -> String {
    let sample = samples[index]
    guard sample.text.size < 1 << 20,
      let text = String(validating: try TarArchive.contents(of: sample.text, in: shards[sample.shard]), as: UTF8.self)
    else { throw Problem("\(sample.name): what stands beside it is no text") }
    return text
  }
}
