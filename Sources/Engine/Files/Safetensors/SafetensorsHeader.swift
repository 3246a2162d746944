/// What the header of a safetensors file says: which tensors there are and where their bytes lie.
///
/// Layout of the file: 8 bytes little-endian N, N bytes of JSON, then the data. Checked here is all that the format's
/// own library checks (`safetensors/src/tensor.rs`), and that no name stands twice, which it lets pass.
struct SafetensorsHeader {
  struct Entry: Equatable {
    let type: StoredType
    let dims: [Int]
    /// Where the bytes lie, counted from the end of the header.
    let bytes: Range<Int>
  }

  let entries: [String: Entry]
  /// Names in the order of their data.
  let names: [String]
  let metadata: [String: String]
  /// Where the data begins in the file.
  let dataStart: Int

  /// The format's own limit: a longer header is an attack, not a model.
  static let longestHeader = 100_000_000
  /// Models have a few thousand.
  static let mostTensors = 200_000

  /// Reads the header of the file `name`, whose bytes are `file`.
  init(_ file: UnsafeRawBufferPointer, name: String) throws {
    let length = try SafetensorsHeader.length(file, name: name)
    dataStart = 8 + length
    let header = [UInt8](file[8..<dataStart])
    guard header.first == UInt8(ascii: "{") else {
      throw SafetensorsHeader.damaged(name, "its header does not begin with '{'")
    }
    let members = try JSON(parsing: header, file: "the header of \(name)").members ?? []
    guard members.count <= SafetensorsHeader.mostTensors else {
      throw SafetensorsHeader.damaged(
        name, "it would hold \(members.count) tensors; \(SafetensorsHeader.mostTensors) are allowed")
    }
    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]
    for member in members {
      if member.name == "__metadata__" {
        metadata = try SafetensorsHeader.metadata(member.value, name: name)
      } else if entries.updateValue(try Entry(member, file: name), forKey: member.name) != nil {
        throw SafetensorsHeader.damaged(name, "the tensor \(member.name.shown) stands in it twice")
      }
    }
    (self.entries, self.metadata) = (entries, metadata)
    names = try SafetensorsHeader.ordered(entries, dataSize: file.count - dataStart, name: name)
  }

  static func damaged(_ name: String, _ reason: String) -> Problem {
    Problem("cannot read \(name): \(reason)", advice: "the file is damaged or incomplete: copy or download it again")
  }

  private static func length(_ file: UnsafeRawBufferPointer, name: String) throws -> Int {
    guard file.count >= 8 else {
      throw damaged(name, "it has \(file.count) bytes; a safetensors file begins with the 8-byte size of its header")
    }
    let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard length <= longestHeader else {
      throw Problem(
        "cannot read \(name): its header would be \(length) bytes; at most \(longestHeader) are allowed",
        advice: "this is not a safetensors file, or it is damaged")
    }
    guard Int(length) <= file.count - 8 else {
      throw damaged(name, "its header should be \(length) bytes, the file has only \(file.count - 8) after its size")
    }
    return Int(length)
  }

  private static func metadata(_ value: JSON, name: String) throws -> [String: String] {
    guard let members = value.members else { throw damaged(name, "its __metadata__ is not an object") }
    var metadata: [String: String] = [:]
    for member in members {
      guard let text = member.value.text else {
        throw damaged(name, "\(member.name.shown) in its __metadata__ is not a string")
      }
      metadata[member.name] = text
    }
    return metadata
  }

  /// Names by position; the data must be covered from first to last byte, without holes and overlaps.
  private static func ordered(_ entries: [String: Entry], dataSize: Int, name: String) throws -> [String] {
    let sorted = entries.sorted {
      ($0.value.bytes.lowerBound, $0.value.bytes.upperBound, $0.key)
        < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound, $1.key)
    }
    var end = 0
    for (tensor, entry) in sorted {
      let start = entry.bytes.lowerBound
      guard start >= end else {
        throw damaged(name, "\(tensor.shown) begins at byte \(start), inside the tensor before it")
      }
      guard start == end else {
        throw damaged(name, "bytes \(end) to \(start), before \(tensor.shown), belong to no tensor")
      }
      end = entry.bytes.upperBound
    }
    guard end <= dataSize else {
      throw damaged(name, "its tensors need \(end) bytes of data, the file has \(dataSize)")
    }
    guard end == dataSize else {
      throw damaged(name, "\(dataSize - end) bytes after its last tensor belong to no tensor")
    }
    return sorted.map(\.key)
  }
}

extension SafetensorsHeader.Entry {
  fileprivate init(_ member: JSON.Member, file: String) throws {
    let tensor = member.name.shown
    func damaged(_ reason: String) -> Problem { SafetensorsHeader.damaged(file, "\(tensor) \(reason)") }

    guard let typeName = member.value["dtype"]?.text else { throw damaged("has no dtype") }
    guard let type = StoredType(rawValue: typeName) else {
      throw Problem(
        "cannot read \(file): \(tensor) has the unknown dtype \(typeName.shown)",
        advice: "known are " + StoredType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard let dims = member.value["shape"].flatMap(Self.sizes) else {
      throw damaged("has no shape of whole numbers")
    }
    guard let offsets = member.value["data_offsets"].flatMap(Self.sizes), offsets.count == 2 else {
      throw damaged("has no data_offsets of two whole numbers")
    }
    guard offsets[0] <= offsets[1] else { throw damaged("ends at byte \(offsets[1]), before its start \(offsets[0])") }
    guard let bits = Sizes.product(dims + [type.bits]) else {
      throw damaged("has the impossible shape \("\(dims)".shown)")
    }
    guard bits % 8 == 0, bits / 8 == offsets[1] - offsets[0] else {
      throw damaged(
        "is \(type.rawValue) of shape \("\(dims)".shown), \((bits + 7) / 8) bytes, but \(offsets[1] - offsets[0]) are set aside"
      )
    }
    self.init(type: type, dims: dims, bytes: offsets[0]..<offsets[1])
  }

  /// At most 64, as many axes as PyTorch's tensors can have.
  private static func sizes(_ value: JSON) -> [Int]? {
    guard let elements = value.elements, elements.count <= 64 else { return nil }
    let sizes = elements.compactMap(\.integer).filter { $0 >= 0 }
    return sizes.count == elements.count ? sizes : nil
  }
}
