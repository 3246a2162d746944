import CZlib
import FoundationEssentials

/// The commands of kitty's graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/) as bytes.
///
/// The terminal keeps silent about what worked and reports what did not (`q=1`); through tmux it keeps silent always,
/// because tmux would take its answers for keys.
struct KittyCommands {
  let route: KittyRoute

  /// Sends a picture's pixels; nothing is shown yet.
  func transmit(_ id: Int, _ pixels: KittyPixels) -> [UInt8] {
    let format =
      "a=t,t=d,f=\(pixels.hasAlpha ? 32 : 24),s=\(pixels.size.width),v=\(pixels.size.height),i=\(id)"
    let keys = format + (pixels.isPacked ? ",o=z" : "")
    let text = [UInt8](Data(pixels.bytes).base64EncodedData())
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: max(text.count, 1), by: Self.longestChunk) {
      let end = min(start + Self.longestChunk, text.count)
      let more = "m=\(end < text.count ? 1 : 0)"
      bytes += command(start == 0 ? "\(keys),\(more)" : more, payload: text[start..<end])
    }
    return bytes
  }

  /// Shows a picture, or the part `crop` of its pixels, on so many cells from the cursor on; the cursor stays. It covers
  /// the text in those cells.
  func place(_ id: Int, as placement: Int, cells: Size, crop: KittyCrop?) -> [UInt8] {
    let part = crop.map { ",x=\($0.x),y=\($0.y),w=\($0.size.width),h=\($0.size.height)" } ?? ""
    return command("a=p,i=\(id),p=\(placement),c=\(cells.columns),r=\(cells.rows)\(part),C=1")
  }

  /// Lets placeholder characters show a picture, scaled to so many cells.
  func placeVirtually(_ id: Int, cells: Size) -> [UInt8] {
    command("a=p,U=1,i=\(id),c=\(cells.columns),r=\(cells.rows)")
  }

  /// Takes one placement off the screen; the pixels are kept.
  func remove(_ id: Int, placement: Int) -> [UInt8] { command("a=d,d=i,i=\(id),p=\(placement)") }

  /// Takes a picture off the screen and out of the terminal's memory.
  func free(_ id: Int) -> [UInt8] { command("a=d,d=I,i=\(id)") }

  /// Asks whether the terminal knows the protocol: it answers “_Gi=31;OK”. One that knows nothing of placeholders does not
  /// answer to `U`.
  static func question(_ route: KittyRoute) -> [UInt8] {
    let keys = "i=31,s=1,v=1,a=q,t=d,f=24" + (route == .tmux ? ",U=1" : "")
    return KittyCommands(route: route).wrapped(Array("\u{1B}_G\(keys);AAAA\u{1B}\\".utf8))
  }

  /// The number of the picture that the terminal could not show, in its report “_Gi=17;ENOENT:…”.
  static func refusedPicture(in answer: String) -> Int? {
    guard answer.hasPrefix("_G"), let end = answer.firstIndex(of: ";"), !answer[end...].hasPrefix(";OK") else {
      return nil
    }
    let keys = answer[..<end].dropFirst(2).split(separator: ",")
    return keys.first { $0.hasPrefix("i=") }.flatMap { Int($0.dropFirst(2)) }
  }

  /// The protocol's limit, in base64 characters.
  private static let longestChunk = 4096

  private func command(_ keys: String, payload: ArraySlice<UInt8> = []) -> [UInt8] {
    let head = Array("\u{1B}_G\(keys),q=\(route == .tmux ? 2 : 1)".utf8)
    let tail = payload.isEmpty ? [] : [UInt8(ascii: ";")] + payload
    return wrapped(head + tail + [0x1B, UInt8(ascii: "\\")])
  }

  /// What tmux hands on to the terminal around it has every escape doubled.
  private func wrapped(_ bytes: [UInt8]) -> [UInt8] {
    guard route == .tmux else { return bytes }
    return Array("\u{1B}Ptmux;".utf8) + bytes.flatMap { $0 == 0x1B ? [$0, $0] : [$0] } + [0x1B, UInt8(ascii: "\\")]
  }
}

/// How commands of kitty's protocol reach the terminal that draws.
package enum KittyRoute: Equatable, Sendable {
  case direct
  /// tmux passes them to the terminal around it. tmux knows nothing of pictures: they stand in its cells as placeholder
  /// characters, which it moves and hides as it does all text.
  case tmux
}

/// A part of a picture, in its pixels.
struct KittyCrop: Equatable {
  var x: Int
  var y: Int
  var size: PixelSize
}

/// A picture's pixels as they are sent, with clear ones where it does not fill the cells that it gets.
struct KittyPixels: Equatable, Sendable {
  let size: PixelSize
  /// Whether a pixel has 4 bytes, the last its opacity, not 3.
  let hasAlpha: Bool
  /// Whether zlib has compressed them.
  let isPacked: Bool
  let bytes: [UInt8]

  init(_ picture: Picture, filling size: PixelSize) {
    self.size = size
    let fitted = picture.fitted(to: size)
    hasAlpha = fitted.size != size
    let pixels = hasAlpha ? Self.padded(fitted, size) : fitted.image.pixels
    let packed = pixels.deflated()
    (isPacked, bytes) = (packed != nil, packed ?? pixels)
  }

  private static func padded(_ picture: Picture, _ size: PixelSize) -> [UInt8] {
    let rgb = picture.image.pixels
    var padded = [UInt8](repeating: 0, count: size.width * size.height * 4)
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let (source, target) = ((y * picture.width + x) * 3, (y * size.width + x) * 4)
        (padded[target], padded[target + 1], padded[target + 2]) = (
          rgb[source], rgb[source + 1], rgb[source + 2]
        )
        padded[target + 3] = 255
      }
    }
    return padded
  }
}

extension [UInt8] {
  /// Compressed by zlib at its fastest: enlarged pixels repeat so much that more effort gains little. Nil when zlib has
  /// no memory.
  fileprivate func deflated() -> [UInt8]? {
    var count = compressBound(UInt(self.count))
    var packed = [UInt8](repeating: 0, count: Int(count))
    guard compress2(&packed, &count, self, UInt(self.count), 1) == Z_OK else { return nil }
    packed.removeLast(packed.count - Int(count))
    return packed
  }
}
