import Engine
import Foundation

/// A piece of HTML. Text becomes one only escaped, so that no name from a file can be markup.
struct HTML: ExpressibleByStringInterpolation, Equatable {
  private(set) var text: String

  init(stringLiteral markup: String) { text = markup }
  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  /// Markup that this program wrote.
  init(markup: String) { text = markup }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ value: String) { text += HTML.escaped(value) }
    mutating func appendInterpolation(_ value: Int) { text += "\(value)" }
    mutating func appendInterpolation(_ html: HTML) { text += html.text }
    mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { text += part.text } }
    mutating func appendInterpolation(_ html: HTML?) { if let html { text += html.text } }

    /// A place in pixels.
    mutating func appendInterpolation(at value: Double) {
      let tenths = value.isFinite ? Int((max(-1e6, min(value, 1e6)) * 10).rounded()) : 0
      text += tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }

    /// A number for the script: it must be one.
    mutating func appendInterpolation(number value: Double?) {
      text += value.flatMap { $0.isFinite ? "\(($0 * 1e6).rounded() / 1e6)" : nil } ?? "-9"
    }
  }

  /// Safe in text and in quoted attributes; control characters are gone.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: if !scalar.steersTerminals { result.unicodeScalars.append(scalar) }
      }
    }
    return result
  }

  static func picture(_ data: Data, _ type: String, alt: String, side: Int? = nil) -> HTML {
    let size = side.map { " width=\($0) height=\($0)" } ?? ""
    return HTML(
      markup:
        "<img\(size) loading=lazy alt=\"\(escaped(alt))\" src=\"data:image/\(type);base64,\(data.base64EncodedString())\">"
    )
  }
}
