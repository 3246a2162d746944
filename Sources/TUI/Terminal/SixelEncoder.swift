import CSixel
import Engine

/// Pictures as sixels, through libsixel.
enum SixelEncoder {
  /// The whole escape sequence for a picture, at its own size.
  ///
  /// Errors are diffused (Floyd–Steinberg): the smooth grounds of rebuilt pictures would show as bands otherwise.
  /// Cost: about 7 ms for 224 × 224 pixels. Throws when libsixel runs out of memory or refuses the picture.
  static func encode(_ picture: Picture, colors: Int = 256) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try withUnsafeMutablePointer(to: &bytes) { sink in
      var output: OpaquePointer?
      try check(sixel_output_new(&output, append, sink, nil), picture)
      defer { sixel_output_unref(output) }
      var dither: OpaquePointer?
      try check(sixel_dither_new(&dither, Int32(colors), nil), picture)
      defer { sixel_dither_unref(dither) }
      var rgb = picture.image.pixels
      try rgb.withUnsafeMutableBufferPointer { pixels in
        let (width, height) = (Int32(picture.width), Int32(picture.height))
        let status = sixel_dither_initialize(
          dither, pixels.baseAddress, width, height, SIXEL_PIXELFORMAT_RGB888,
          SIXEL_LARGE_AUTO, SIXEL_REP_AUTO, SIXEL_QUALITY_AUTO)
        try check(status, picture)
        sixel_dither_set_diffusion_type(dither, SIXEL_DIFFUSE_FS)
        sixel_dither_set_pixelformat(dither, SIXEL_PIXELFORMAT_RGB888)
        try check(sixel_encode(pixels.baseAddress, width, height, 3, dither, output), picture)
      }
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
