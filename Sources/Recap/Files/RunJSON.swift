import Engine
import Foundation

/// How a run's files and the report write JSON: sorted members, so that equal values give equal bytes.
///
/// A loss can be NaN or infinite, and that must survive: such numbers are the strings "NaN", "Infinity" and
/// "-Infinity", which Python's `float()` reads.
public enum RunJSON {
  public static func line(_ value: some Encodable) throws -> Data { try encoder([]).encode(value) }

  /// Over several lines, for files that people open.
  public static func pretty(_ value: some Encodable) throws -> Data {
    try encoder(.prettyPrinted).encode(value) + Data("\n".utf8)
  }

  private static func encoder(_ format: JSONEncoder.OutputFormatting) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [format, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }

  public static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }

  /// What is wrong with a JSON text, as a sentence: "“stage” is missing".
  public static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return (error as? Problem)?.message ?? "\(error)" }
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? "it" : "“\(path.shown)”"
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "“\((context.codingPath + [key]).map(\.stringValue).joined(separator: ".").shown)” is missing"
    case .typeMismatch(let type, let context): return "\(place(context)) is not of the type \(type)"
    case .valueNotFound(let type, let context): return "\(place(context)) is null, expected \(type)"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty ? "not valid JSON" : "\(place(context)): \(context.debugDescription.shown)"
    @unknown default: return "\(error)"
    }
  }
}
