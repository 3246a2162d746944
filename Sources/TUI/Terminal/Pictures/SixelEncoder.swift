import CSixel
import Engine

/// Pictures as sixels, through libsixel.
enum SixelEncoder {
  /// The whole escape sequence for a picture that fills `size`.
  ///
  /// A small picture keeps its own colours and its edges; only where it has more than 256 do near ones become one. In a
  /// photo errors are diffused (Floyd–Steinberg): smooth grounds would show as bands otherwise.
  /// Throws when libsixel runs out of memory or refuses the picture.
  static func encode(_ picture: Picture, size: PixelSize) throws -> [UInt8] {
    guard let factor = picture.size.wholeFactor(in: size) else {
      let photo = picture.scaled(toWidth: size.width, height: size.height)
      return try encode(photo.image.pixels, photo.size, colors: IndexedPicture.mostColors, of: picture) { dither in
        try choosePalette(photo, dither, diffusion: SIXEL_DIFFUSE_FS)
      }
    }
    let whole = PixelSize(width: picture.width * factor, height: picture.height * factor)
    guard let indexed = IndexedPicture(picture) else {
      let pixels = picture.enlarged(by: factor).image.pixels
      return try encode(pixels, whole, colors: IndexedPicture.mostColors, of: picture) { dither in
        try choosePalette(picture, dither, diffusion: SIXEL_DIFFUSE_NONE)
      }
    }
    let colors = indexed.palette.count / 3
    return try encode(indexed.enlarged(by: factor), whole, colors: colors, of: picture) { dither in
      var palette = indexed.palette
      sixel_dither_set_palette(dither, &palette)
      sixel_dither_set_diffusion_type(dither, SIXEL_DIFFUSE_NONE)
      sixel_dither_set_pixelformat(dither, SIXEL_PIXELFORMAT_PAL8)
    }
  }

  /// The 256 colours that stand for those of a picture best (median cut).
  private static func choosePalette(_ picture: Picture, _ dither: OpaquePointer?, diffusion: Int32) throws {
    var pixels = picture.image.pixels
    try check(
      sixel_dither_initialize(
        dither, &pixels, Int32(picture.width), Int32(picture.height), SIXEL_PIXELFORMAT_RGB888, SIXEL_LARGE_AUTO,
        SIXEL_REP_AUTO, SIXEL_QUALITY_AUTO), picture)
    sixel_dither_set_diffusion_type(dither, diffusion)
    sixel_dither_set_pixelformat(dither, SIXEL_PIXELFORMAT_RGB888)
  }

  private static func encode(
    _ pixels: [UInt8], _ size: PixelSize, colors: Int, of picture: Picture,
    prepare: (_ dither: OpaquePointer?) throws -> Void
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try withUnsafeMutablePointer(to: &bytes) { sink in
      var output: OpaquePointer?
      try check(sixel_output_new(&output, append, sink, nil), picture)
      defer { sixel_output_unref(output) }
      var dither: OpaquePointer?
      try check(sixel_dither_new(&dither, Int32(colors), nil), picture)
      defer { sixel_dither_unref(dither) }
      try prepare(dither)
      var pixels = pixels
      try check(sixel_encode(&pixels, Int32(size.width), Int32(size.height), 3, dither, output), picture)
    }
    return bytes
  }

  private static let append: sixel_write_function = { data, count, sink in
    guard let data, let sink else { return -1 }
    let bytes = UnsafeRawBufferPointer(start: data, count: Int(count))
    sink.assumingMemoryBound(to: [UInt8].self).pointee.append(contentsOf: bytes)
    return count
  }

  private static func check(_ status: SIXELSTATUS, _ picture: Picture) throws {
    if status & 0x1000 != 0 {
      throw Problem(
        "cannot show a picture of \(picture.width) × \(picture.height): libsixel status \(status)",
        advice: "Press g to show pictures as half blocks instead.")
    }
  }
}
