import Foundation
import TestSupport
import Testing

@testable import Engine

/// A hostile, damaged or odd file of weights, and whether the format's own library reads it.
struct HostileFile {
  let content: Data
  let isAccepted: Bool

  /// Those of a fixture by name; the member `accepted` has the library's verdict.
  static func all(in fixture: String, accepted: String) throws -> [String: HostileFile] {
    let elements = try #require(try Reference.json(fixture)["cases"]?.elements)
    return Dictionary(
      uniqueKeysWithValues: try elements.map { element in
        let content = try #require(element["file"]?.text.flatMap { Data(base64Encoded: $0) })
        return (
          try #require(element["name"]?.text),
          HostileFile(content: content, isAccepted: element[accepted] == .bool(true))
        )
      })
  }
}
