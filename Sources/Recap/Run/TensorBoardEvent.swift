import Engine

/// What an event of a TensorBoard file holds of scalars and pictures; histograms, texts and graphs are passed over.
///
/// Of TensorFlow's `event.proto`, `summary.proto` and `tensor.proto`. Older writers keep a scalar as a number and a picture
/// as an image; those of TensorFlow 2 keep both as tensors, whose tag was given a plugin's name at its first value.
struct TensorBoardEvent {
  enum Value: Equatable {
    case scalar(Double)
    /// An image file: its bytes' places in the record.
    case picture(Range<Int>)
  }

  let step: Int
  /// Seconds since 1970; nil where the event does not say.
  let time: Double?
  let values: [(tag: String, value: Value)]

  /// - Parameter plugins: of the file's tags so far.
  init(_ record: ArraySlice<UInt8>, plugins: inout [String: String]) throws {
    let event = try ProtobufFields.all(record)
    step = event[2]?.integer.map { Int(truncatingIfNeeded: $0) } ?? 0
    time = event[1]?.double
    var values: [(String, Value)] = []
    for summary in event[all: 5].compactMap(\.bytes) {
      for bytes in try ProtobufFields.all(summary)[all: 1].compactMap(\.bytes) {
        let fields = try ProtobufFields.all(bytes)
        guard let name = fields[1]?.bytes else { continue }
        let tag = String(decoding: name, as: UTF8.self)
        if let plugin = try Self.plugin(fields), plugins.count < ScalarHistory.mostTags { plugins[tag] = plugin }
        if let value = try Self.value(fields, plugins[tag]) { values.append((tag, value)) }
      }
    }
    self.values = values
  }

  private static func plugin(_ value: ProtobufFields.Message) throws -> String? {
    guard let metadata = value[9]?.bytes, let data = try ProtobufFields.all(metadata)[1]?.bytes else { return nil }
    return try ProtobufFields.all(data)[1]?.bytes.map { String(decoding: $0, as: UTF8.self) }
  }

  private static func value(_ value: ProtobufFields.Message, _ plugin: String?) throws -> Value? {
    if let number = value[2]?.float { return .scalar(Double(number)) }
    if let image = value[4]?.bytes {
      return try ProtobufFields.all(image)[4]?.bytes.map { .picture($0.startIndex..<$0.endIndex) }
    }
    guard let bytes = value[8]?.bytes else { return nil }
    let tensor = try ProtobufFields.all(bytes)
    switch plugin {
    case "images":
      // Width, height, then a file for each image of the batch: the first is shown.
      let texts = tensor[all: 8].compactMap(\.bytes)
      return texts.count > 2 ? .picture(texts[2].startIndex..<texts[2].endIndex) : nil
    case nil, "scalars": return number(tensor).map { .scalar($0) }
    default: return nil
    }
  }

  /// The only number of a tensor; nil where it has several.
  private static func number(_ tensor: ProtobufFields.Message) -> Double? {
    let content = tensor[4]?.bytes ?? []
    func bits(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    switch (tensor[1]?.integer, content.count) {
    case (1?, 4): return Double(Float(bitPattern: UInt32(bits(content))))
    case (2?, 8): return Double(bitPattern: bits(content))
    case (3?, 4): return Double(Int32(truncatingIfNeeded: bits(content)))
    case (9?, 8): return Double(Int64(bitPattern: bits(content)))
    case (1?, 0):
      if let value = tensor[5]?.float { return Double(value) }
      let packed = tensor[5]?.bytes ?? []
      return packed.count == 4 ? Double(Float(bitPattern: UInt32(bits(packed)))) : nil
    case (2?, 0):
      if let value = tensor[6]?.double { return value }
      let packed = tensor[6]?.bytes ?? []
      return packed.count == 8 ? Double(bitPattern: bits(packed)) : nil
    default: return nil
    }
  }
}
