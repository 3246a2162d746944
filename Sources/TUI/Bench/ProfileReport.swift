import Engine
import Terminal

/// Where the time of one run goes: by kind of op, by op and by layer, forward and backward.
package struct ProfileReport: Codable {
  struct Line: Codable {
    let name: String
    var forwardSeconds = 0.0
    var backwardSeconds = 0.0
    var calls = 0
    var operations = 0.0

    var seconds: Double { forwardSeconds + backwardSeconds }
  }

  /// Of the whole run; what the lines leave of it is the optimizer, the noise and other work between ops.
  let seconds: Double
  let kinds: [Line]
  let ops: [Line]
  let layers: [Line]

  /// Runs `body` once.
  package init(of body: () throws -> Void) rethrows {
    let begin = ContinuousClock.now
    let entries = try Profiler.measure(body)
    seconds = (ContinuousClock.now - begin) / .seconds(1)
    kinds = ProfileReport.lines(entries) { ProfileReport.kind(of: $0.op) }
    ops = ProfileReport.lines(entries) { $0.op }
    layers = ProfileReport.lines(entries) { ProfileReport.layer(of: $0.parameter) }
  }

  /// Sums by `key`, the longest first.
  private static func lines(_ entries: [Profiler.Place: Profiler.Entry], by key: (Profiler.Place) -> String) -> [Line] {
    var lines: [String: Line] = [:]
    for (place, entry) in entries {
      let name = key(place)
      var line = lines[name] ?? Line(name: name)
      if place.isBackward { line.backwardSeconds += entry.seconds } else { line.forwardSeconds += entry.seconds }
      line.calls += entry.calls
      line.operations += entry.operations
      lines[name] = line
    }
    return lines.values.sorted { ($0.seconds, $1.name) > ($1.seconds, $0.name) }
  }

  static func kind(of op: String) -> String {
    switch op {
    case "linear", "matmul": "linear"
    case "convolved": "convolution"
    case "attention": "attention"
    case "layerNorm", "groupNorm", "normalized": "norm"
    case "activated", "geglu": "activation"
    case "+", "-", "*", "scaled", "addingPerImage", "scaledPerImage", "exponential", "clamped", "exponentials":
      "elementwise"
    case "meanSquaredError", "crossEntropy", "sum", "mean": "loss"
    case "reshaped", "sliced", "concatenated", "embedding", "prependingToken", "splitLast", "repeated", "patches",
      "upsampledNearest", "averagePooledTokens":
      "moving data"
    default: "other"
    }
  }

  /// The block that a parameter belongs to: "down_blocks.0.attentions.1", "vision_model.encoder.layers.3", "conv_in".
  static func layer(of parameter: String) -> String {
    let parts = parameter.split(separator: ".")
    guard let number = parts.prefix(4).lastIndex(where: { Int($0) != nil }) else {
      return parts.dropLast().prefix(2).joined(separator: ".")
    }
    return parts[...number].joined(separator: ".")
  }

  /// The three tables for a terminal, as many layers as are worth a look.
  package var text: String {
    [
      table("by kind of op", kinds), table("by op", ops), table("by layer", layers),
      "whole run \(seconds.durationText); between ops \((seconds - kinds.reduce(0) { $0 + $1.seconds }).durationText)",
    ].joined(separator: "\n\n")
  }

  private func table(_ title: String, _ lines: [Line]) -> String {
    let rows = lines.prefix(30).map { line in
      [
        line.name.isEmpty ? "before any layer" : line.name, share(line.seconds),
        line.forwardSeconds.durationText, line.backwardSeconds > 0 ? line.backwardSeconds.durationText : "",
        "\(line.calls)",
        line.operations > 0 ? (line.operations / line.seconds / 1e9).text(decimals: 1) : "",
      ]
    }
    let left = lines.dropFirst(30)
    let rest = left.isEmpty ? [] : [["\(left.count) more", share(left.reduce(0) { $0 + $1.seconds })]]
    return TextTable.text([[title, "share", "forward", "backward", "calls", "GFLOP/s"]] + rows + rest)
  }

  private func share(_ part: Double) -> String { (part / seconds).percent(decimals: 1) + " %" }
}
