import Engine
import FoundationEssentials

/// Pictures as files between the text, as iTerm2 shows them (https://iterm2.com/documentation-images.html).
enum InlineImage {
  /// The whole escape sequence for a picture that fills `size`; the cursor stays where the terminal knows how.
  static func encode(_ picture: Picture, size: PixelSize) throws -> [UInt8] {
    let fitted = picture.fitted(to: size)
    let file = try fitted.image.png()
    let keys =
      "inline=1;size=\(file.count);width=\(fitted.width)px;height=\(fitted.height)px;preserveAspectRatio=0;"
      + "doNotMoveCursor=1"
    return Array("\u{1B}]1337;File=\(keys):".utf8) + [UInt8](file.base64EncodedData()) + [7]
  }
}
