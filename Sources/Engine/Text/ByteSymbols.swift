/// The 256 visible characters by which CLIP's vocabulary files write bytes, so that no token holds a space or a control
/// character.
///
/// Bytes 33–126, 161–172 and 174–255 stand for themselves; the other 68 take the code points from 256 on, in order.
/// The symbols are numbered in that order too: id 0 is "!", id 255 stands for byte 173.
/// Source: `bytes_to_unicode` of OpenAI's `simple_tokenizer.py`.
public enum ByteSymbols {
  /// All bytes in the order of their ids in a CLIP vocabulary.
  public static let bytesInOrder: [UInt8] = {
    let visible = Array(33...126) + Array(161...172) + Array(174...255) as [UInt8]
    return visible + (0...255).filter { !visible.contains($0) }
  }()

  private static let scalars: [Unicode.Scalar] = {
    var scalars = [Unicode.Scalar](repeating: " ", count: 256)
    var next: UInt32 = 256
    for (id, byte) in bytesInOrder.enumerated() {
      scalars[Int(byte)] = id < 188 ? Unicode.Scalar(byte) : Unicode.Scalar(next) ?? "?"
      if id >= 188 { next += 1 }
    }
    return scalars
  }()

  /// The symbol for a byte.
  public static func symbol(_ byte: UInt8) -> String {
    String(Character(scalars[Int(byte)]))
  }
}
