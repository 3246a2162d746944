extension Tensor {
  /// Pictures of one size, each value looked up in its channel's table of 256: (B, H, W, 3).
  public static func imageBatch(_ images: [Image], tables: [[Float]]) -> Tensor {
    let (height, width) = (images.first?.height ?? 0, images.first?.width ?? 0)
    let table = tables.flatMap { $0 }
    precondition(table.count == 3 * 256, "three channels have three tables of 256 values")
    return .filled([images.count, height, width, 3]) { buffer in
      nonisolated(unsafe) let buffer = buffer
      ThreadPool.run(images.count) { row in
        let image = images[row]
        precondition(image.width == width && image.height == height, "a batch holds images of one size")
        let to = row * height * width * 3
        image.pixels.withUnsafeBufferPointer { pixels in
          table.withUnsafeBufferPointer { table in
            for i in pixels.indices { buffer[to + i] = table[i % 3 * 256 + Int(pixels[i])] }
          }
        }
      }
    }
  }

  /// The autoencoder's input: p/255 to −1…1, (B, H, W, 3).
  public static func signedPixels(_ images: [Image]) -> Tensor {
    let table = (0...255).map { 2 / 255 * Float($0) - 1 }
    return imageBatch(images, tables: [table, table, table])
  }

  /// Pictures from values −1…1, (B, H, W, 3); what lies outside is cut off.
  public func imagesFromSignedPixels() -> [Image] {
    precondition(shape.rank == 4 && shape[3] == 3, "pictures have the shape (B, H, W, 3), not \(shape)")
    return (0..<shape[0]).map { row in
      let pixels = (0..<shape.stride).map { i -> UInt8 in
        let value = (pointer[row * shape.stride + i] + 1) * 127.5
        // NaN, from a model gone wrong, shows as black rather than stopping the program.
        return value.isNaN ? 0 : UInt8(min(255, max(0, value.rounded())))
      }
      return Image(width: shape[2], height: shape[1], pixels: pixels)
    }
  }
}
