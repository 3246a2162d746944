@testable import Engine

/// Pickles of sound instructions in an order that no pickler writes.
enum PickleLies {
  /// A third are programs of random instructions; the others are the victim's, with some left out, doubled, swapped or
  /// put in.
  static func lie(_ victim: Victim, _ random: inout SplitMix) -> [UInt8] {
    if Int.random(in: 0..<3, using: &random) == 0 {
      let head = victim.bytes.starts(with: [PickleCode.proto]) ? Array(victim.bytes.prefix(2)) : []
      return head + (0..<Int.random(in: 1...60, using: &random)).flatMap { _ in instruction(&random) } + [
        PickleCode.stop
      ]
    }
    var program = instructions(of: victim.bytes)
    for _ in 0..<Int.random(in: 1...3, using: &random) where !program.isEmpty {
      let index = Int.random(in: program.indices, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: program.remove(at: index)
      case 1: program.insert(program[index], at: index)
      case 2: program.swapAt(index, Int.random(in: program.indices, using: &random))
      case 3: program[index] = lied(program[index], &random)
      default: program.insert(instruction(&random), at: index)
      }
    }
    return Array(program.joined())
  }

  /// Bytes that follow an instruction; nil where a length or a line end tells.
  private static let widths: [UInt8: Int] = [
    PickleCode.proto: 1, PickleCode.frame: 8, PickleCode.binInt: 4, PickleCode.binInt1: 1, PickleCode.binInt2: 2,
    PickleCode.binFloat: 8, PickleCode.binPut: 1, PickleCode.longBinPut: 4, PickleCode.binGet: 1,
    PickleCode.longBinGet: 4,
  ]
  private static let lengths: [UInt8: Int] = [
    PickleCode.long1: 1, PickleCode.long4: 4, PickleCode.binUnicode: 4, PickleCode.shortBinUnicode: 1,
    PickleCode.binUnicode8: 8, PickleCode.shortBinString: 1, PickleCode.binString: 4, PickleCode.shortBinBytes: 1,
    PickleCode.binBytes: 4, PickleCode.binBytes8: 8, PickleCode.byteArray8: 8,
  ]
  private static let lines: [UInt8: Int] = [PickleCode.global: 2, PickleCode.int: 1, PickleCode.long: 1]

  private static func instructions(of bytes: [UInt8]) -> [[UInt8]] {
    var program: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, self.end(of: start, in: bytes))
      program.append(Array(bytes[start..<end]))
      start = end
    }
    return program
  }

  private static func end(of start: Int, in bytes: [UInt8]) -> Int {
    let code = bytes[start]
    if let width = widths[code] { return start + 1 + width }
    if let width = lengths[code] {
      let length = (0..<width).reduce(0) { $0 | Int(bytes[start + 1 + $1]) << (8 * $1) }
      return start + 1 + width + length
    }
    var end = start + 1
    for _ in 0..<(lines[code] ?? 0) { end = (bytes[end...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1) + 1 }
    return end
  }

  /// The same instruction with other bytes behind it.
  private static func lied(_ instruction: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    guard instruction.count > 1, let code = instruction.first else { return self.instruction(&random) }
    switch code {
    case PickleCode.binInt1, PickleCode.binInt2, PickleCode.binInt: return integer(&random)
    case PickleCode.binUnicode, PickleCode.shortBinUnicode: return text(Lies.texts.randomElement(using: &random) ?? "")
    case PickleCode.global: return global(&random)
    default:
      var lie = instruction
      lie[Int.random(in: 1..<lie.count, using: &random)] = .random(in: .min ... .max, using: &random)
      return lie
    }
  }

  private static func instruction(_ random: inout SplitMix) -> [UInt8] {
    switch Int.random(in: 0..<12, using: &random) {
    case 0...1: return integer(&random)
    case 2: return text((Lies.texts + ["storage", "0", "1", "cpu", "state_dict"]).randomElement(using: &random) ?? "")
    case 3...4: return global(&random)
    case 5: return [PickleCode.binPut, .random(in: 0...6, using: &random)]
    case 6...7: return [PickleCode.binGet, .random(in: 0...6, using: &random)]
    default: return [plain.randomElement(using: &random) ?? PickleCode.none]
    }
  }

  private static let plain: [UInt8] = [
    PickleCode.none, PickleCode.newTrue, PickleCode.newFalse, PickleCode.mark, PickleCode.mark, PickleCode.emptyTuple,
    PickleCode.tuple1, PickleCode.tuple2, PickleCode.tuple3, PickleCode.tuple, PickleCode.emptyList, PickleCode.list,
    PickleCode.emptyDict, PickleCode.dict, PickleCode.emptySet, PickleCode.frozenSet, PickleCode.pop,
    PickleCode.popMark, PickleCode.dup, PickleCode.append, PickleCode.appends, PickleCode.setItem, PickleCode.setItems,
    PickleCode.addItems, PickleCode.memoize, PickleCode.stackGlobal, PickleCode.binPersistentID, PickleCode.newObject,
    PickleCode.newObjectEx, PickleCode.reduce, PickleCode.reduce, PickleCode.build,
  ]

  private static func integer(_ random: inout SplitMix) -> [UInt8] {
    let number = (Lies.integers + Array(0...9)).randomElement(using: &random) ?? 0
    return [PickleCode.long1, 8] + (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func text(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return [PickleCode.binUnicode] + (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
  }

  private static func global(_ random: inout SplitMix) -> [UInt8] {
    let name = globals.randomElement(using: &random) ?? globals[0]
    return [PickleCode.global] + Array("\(name.0)\n\(name.1)\n".utf8)
  }

  private static let globals = [
    ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor_v3"),
    ("torch._utils", "_rebuild_parameter"), ("torch._tensor", "_rebuild_from_type_v2"), ("torch", "FloatStorage"),
    ("torch", "HalfStorage"), ("torch.storage", "UntypedStorage"), ("torch", "float32"),
    ("torch.jit._pickle", "build_intlist"), ("collections", "OrderedDict"), ("collections", "defaultdict"),
    ("builtins", "set"), ("copyreg", "_reconstructor"), ("torch.nn.modules.linear", "Linear"), ("torch", "Size"),
    ("os", "system"), ("\u{1B}[31m", "\u{202E}x"), ("builtins", "eval"), ("__torch__.clip", "CLIP"),
  ]
}
