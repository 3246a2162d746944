import CZlib

/// gzip files, such as the vocabulary that OpenAI and open_clip publish.
public enum Gzip {
  static func isGzip(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// The contents of a gzip file, of all its members one after the other.
  ///
  /// Throws a `Problem` when the file is cut or damaged, or holds more than `limit` bytes: a few kilobytes of gzip can
  /// claim gigabytes.
  public static func inflated(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
    var stream = z_stream()
    // 16 means gzip's header and checksum around the widest window.
    guard inflateInit2_(&stream, 16 + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw Problem("out of memory")
    }
    defer { inflateEnd(&stream) }
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var input = bytes
    try input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(clamping: input.count)
      var status = Z_OK
      while true {
        let made = chunk.withUnsafeMutableBufferPointer { chunk in
          stream.next_out = chunk.baseAddress
          stream.avail_out = UInt32(chunk.count)
          status = inflate(&stream, Z_NO_FLUSH)
          return chunk.count - Int(stream.avail_out)
        }
        result += chunk[..<made]
        guard result.count <= limit else {
          throw Problem("it inflates to more than \(limit) bytes", advice: "Get the file again.")
        }
        if status == Z_STREAM_END {
          guard Self.hasMember(stream) else { return }
          inflateReset(&stream)
        } else if status != Z_OK {
          throw Problem("its gzip data is cut short or damaged", advice: "Get the file again.")
        }
      }
    }
    return result
  }

  /// A gzip file of these bytes, the same at any time. For numbers whose bytes hardly repeat: it looks for runs alone, which
  /// takes a third of the time of a search for longer repeats and leaves them as large.
  public static func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard deflateInit2_(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_RLE, ZLIB_VERSION, size) == Z_OK else {
      throw Problem("out of memory")
    }
    defer { deflateEnd(&stream) }
    // zlib counts in 32 bits, so that a tower of many gigabytes goes in by pieces.
    let piece = 1 << 26
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var input = bytes
    try input.withUnsafeMutableBufferPointer { input in
      var taken = 0
      var status = Z_OK
      while status != Z_STREAM_END {
        if stream.avail_in == 0, taken < input.count {
          let count = min(piece, input.count - taken)
          (stream.next_in, stream.avail_in) = (input.baseAddress.map { $0 + taken }, UInt32(count))
          taken += count
        }
        let made = chunk.withUnsafeMutableBufferPointer { chunk in
          (stream.next_out, stream.avail_out) = (chunk.baseAddress, UInt32(chunk.count))
          status = deflate(&stream, taken == input.count ? Z_FINISH : Z_NO_FLUSH)
          return chunk.count - Int(stream.avail_out)
        }
        guard status == Z_OK || status == Z_STREAM_END else { throw Problem("zlib cannot compress: error \(status)") }
        result += chunk[..<made]
      }
    }
    return result
  }

  /// Whether another gzip file follows the one that has just ended.
  private static func hasMember(_ stream: z_stream) -> Bool {
    stream.avail_in > 1 && stream.next_in[0] == 0x1F && stream.next_in[1] == 0x8B
  }
}
