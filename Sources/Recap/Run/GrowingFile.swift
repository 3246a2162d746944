import Engine
import Foundation

/// A file that another program appends to: each reading gives what came since the last one, in whole records.
struct GrowingFile: Sendable {
  let path: String
  /// The first byte that was not taken yet.
  private(set) var offset = 0
  /// Which file of that name it was.
  private var identity: UInt64?

  private static let firstPiece = 1 << 20
  private static let largestPiece = 64 << 20

  init(_ path: String) { self.path = path }

  /// Hands the unread bytes, and the place of the first, to `take`, which gives how many it has taken: 0 waits for more, nil
  /// ends the reading. A file that was replaced by another, or cut, is read from its beginning.
  mutating func readNew(_ take: (ArraySlice<UInt8>, Int) throws -> Int?) throws {
    var status = stat()
    if stat(path, &status) == 0 {
      if identity != UInt64(status.st_ino) || Int(status.st_size) < offset {
        (identity, offset) = (UInt64(status.st_ino), 0)
      } else if Int(status.st_size) == offset {
        return
      }
    }
    let (file, _) = try RegularFile.open(path)
    var (window, piece) = ([UInt8](), Self.firstPiece)
    do {
      try file.seek(toOffset: UInt64(offset))
      while let data = try file.read(upToCount: piece), !data.isEmpty {
        window += data
        var rest = window[...]
        while let count = try take(rest, offset) {
          guard count > 0 else { break }
          rest = rest.dropFirst(count)
          offset += count
          if rest.isEmpty { break }
        }
        // A long record is read in ever larger pieces, so that it is not looked at again and again.
        piece = rest.count == window.count ? min(2 * piece, Self.largestPiece) : Self.firstPiece
        window = Array(rest)
      }
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem("cannot read \(path): \(error.systemReason)", advice: "check the path and its permissions")
    }
  }
}
