import CImages
import FoundationEssentials

/// Image files that can be recognised by their first bytes; what a name says does not count.
public enum ImageFormat: String, CaseIterable, Sendable {
  case png = "PNG"
  case jpeg = "JPEG"
  case webP = "WebP"
  case gif = "GIF"
  case bmp = "BMP"
  case tiff = "TIFF"
  case heif = "HEIF"

  public init?(_ data: Data) {
    let start = [UInt8](data.prefix(16))
    func has(_ signature: [UInt8], at offset: Int = 0) -> Bool {
      start.dropFirst(offset).starts(with: signature)
    }
    if has([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if has([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if has(Array("RIFF".utf8)) && has(Array("WEBP".utf8), at: 8) {
      self = .webP
    } else if has(Array("GIF8".utf8)) {
      self = .gif
    } else if has(Array("BM".utf8)) {
      self = .bmp
    } else if has([0x49, 0x49, 0x2A, 0x00]) || has([0x4D, 0x4D, 0x00, 0x2A]) {
      self = .tiff
    } else if has(Array("ftyp".utf8), at: 4) {
      self = .heif
    } else {
      return nil
    }
  }
}

extension Image {
  /// The largest area that is decoded, in pixels: where Pillow, too, refuses an image as a decompression bomb.
  public static let maximumArea = 178_956_970

  /// The longest file that is read, in bytes: room for the largest area, not for a disk image by mistake.
  static let maximumFileSize = 1 << 30

  /// Reads a PNG, JPEG or WebP file as Pillow's `Image.open(…).convert("RGB")` does: no gamma, no colour management and
  /// no rotation by EXIF; alpha is dropped.
  ///
  /// Throws a `Problem` for a file that is missing, cut short, damaged, too large or no image.
  public init(contentsOf url: URL, maximumArea: Int = Image.maximumArea) throws {
    try self.init(contentsOf: FileName(url.path), maximumArea: maximumArea)
  }

  /// The same by a name that need not be UTF-8.
  public init(contentsOf name: FileName, maximumArea: Int = Image.maximumArea) throws {
    try self.init(decoding: Self.data(name), named: name.text, maximumArea: maximumArea)
  }

  /// The bytes of a file that is no longer than a picture can be.
  public static func data(_ name: FileName) throws -> Data {
    let (file, size) = try RegularFile.open(name, advice: "Check the path; expected a PNG, JPEG or WebP file.")
    guard size <= maximumFileSize else {
      throw Problem(
        "cannot read \(name.text): it is larger than \(maximumFileSize.byteText)",
        advice: "Scale the picture down first.")
    }
    do {
      return try file.read(upToCount: size) ?? Data()
    } catch {
      throw Problem("cannot read \(name.text): \(error.systemReason)", advice: "Check the disk that it is on.")
    }
  }

  /// Decodes a PNG, JPEG or WebP file that is already in memory; `name` says in messages where it came from.
  public init(decoding data: Data, named name: String, maximumArea: Int = Image.maximumArea) throws {
    let bytes = [UInt8](data)
    do {
      switch ImageFormat(data) {
      case .png: self = try PNG.decode(bytes, maximumArea: maximumArea)
      case .jpeg: self = try JPEG.decode(bytes, maximumArea: maximumArea)
      case .webP: self = try WebP.decode(bytes, maximumArea: maximumArea)
      case .some(let format):
        throw Problem("it is a \(format.rawValue) file", advice: "Convert it to PNG, JPEG or WebP first.")
      case nil:
        throw Problem(
          bytes.isEmpty ? "the file is empty" : "it is not an image", advice: "Expected a PNG, JPEG or WebP file.")
      }
    } catch let problem as Problem {
      throw Problem("cannot read \(name): \(problem.message)", advice: problem.advice)
    }
  }

  /// A PNG file's bytes.
  public func png() throws -> Data { Data(try PNG.encode(self)) }

  /// A WebP file's bytes, with losses: a fifth of the PNG's, for pages that hold many. 100 is the best quality.
  public func webP(quality: Float) throws -> Data { try WebP.encode(self, quality: quality) }

  /// Writes a PNG file. Throws a `Problem` when the place cannot be written.
  public func writePNG(to url: URL) throws {
    try DurableFile.write(png(), to: url.path, isSynced: false)
  }

  /// Refuses an image whose header promises more than `maximumArea`, before memory is taken for it.
  static func check(width: Int, height: Int, maximumArea: Int) throws {
    guard width > 0, height > 0 else {
      throw Problem("its header says \(width) × \(height) pixels", advice: "The file is damaged; get it again.")
    }
    guard height <= maximumArea / width else {
      throw Problem(
        "its header says \(width) × \(height) pixels, the limit is \(maximumArea) in all",
        advice: "Scale it down first."
      )
    }
  }

  /// Runs a C function that decodes or encodes, and turns its message into a `Problem`.
  static func withReason(_ format: String, _ body: (UnsafeMutablePointer<CChar>) -> Int32) throws {
    var message = [CChar](repeating: 0, count: Int(IMAGES_MESSAGE_SIZE))
    guard body(&message) == 0 else { return }
    let reason = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    throw Problem(
      "the \(format) data cannot be used (\(reason))",
      advice: "The file is damaged or of a rare kind; get it again, or save the picture anew.")
  }

}
