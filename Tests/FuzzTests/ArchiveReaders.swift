import Foundation

@testable import Engine

extension Reader {
  /// Archives of images. Spoilt headers get right checksums again, so that changes reach what is behind that check.
  static let tar = Reader(
    name: "tar", victims: Victim.tars,
    read: { file, _ in
      let spoilt = [UInt8](try Data(contentsOf: file))
      for bytes in [spoilt, Victim.signed(spoilt)] {
        try Data(bytes).write(to: file)
        let tar = try TarArchive(FileName(file.path)) { _ in true }
        var end = 0
        for member in tar.members {
          guard member.bytes.lowerBound >= end + 512, member.bytes.upperBound <= bytes.count else {
            throw Malformed("a member at \(member.bytes) of \(bytes.count) bytes, after one that ends at \(end)")
          }
          end = member.bytes.upperBound
        }
        let words =
          (tar.obstacles + [tar.damage].compactMap { $0 }).map(\.description)
          + tar.members.map { TarArchive.name(of: $0, in: tar.path) }
        for text in words where text != text.withoutControlCharacters(keepingNewlines: true) || text.count > 1000 {
          throw Malformed("words that no terminal should see")
        }
      }
    })
}
