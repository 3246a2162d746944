import Engine

/// Where the time of one run goes: by kind of op, by op and by layer, forward and backward.
struct ProfileReport: Encodable {
  struct Line: Encodable {
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

  init(_ answer: JSON) {
    let places = answer["places"]?.elements ?? []
    seconds = answer["seconds"]?.double ?? .nan
    kinds = ProfileReport.lines(places) { ProfileReport.kind(of: $0["op"]?.text ?? "") }
    ops = ProfileReport.lines(places) { $0["op"]?.text ?? "" }
    layers = ProfileReport.lines(places) { ProfileReport.layer(of: $0["parameter"]?.text ?? "") }
  }

  /// Sums by `key`, the longest first.
  private static func lines(_ places: [JSON], by key: (JSON) -> String) -> [Line] {
    var lines: [String: Line] = [:]
    for place in places {
      let name = key(place)
      var line = lines[name] ?? Line(name: name)
      let seconds = place["seconds"]?.double ?? 0
      if place["backward"]?.bool == true { line.backwardSeconds += seconds } else { line.forwardSeconds += seconds }
      line.calls += place["calls"]?.integer ?? 0
      line.operations += place["operations"]?.double ?? 0
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
    case "+", "-", "*", "scaled", "addingPerImage", "exponential", "clamped", "exponentials": "elementwise"
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

  /// The three tables for a terminal.
  var text: String {
    [
      table("by kind of op", kinds), table("by op", ops), table("by layer", layers),
      "whole run \(TextTable.time(seconds)); between ops \(TextTable.time(seconds - kinds.reduce(0) { $0 + $1.seconds }))",
    ].joined(separator: "\n\n")
  }

  private func table(_ title: String, _ lines: [Line]) -> String {
    let rows = lines.map { line in
      [
        line.name.isEmpty ? "before any layer" : line.name, TextTable.number(100 * line.seconds / seconds, 1) + " %",
        TextTable.time(line.forwardSeconds), line.backwardSeconds > 0 ? TextTable.time(line.backwardSeconds) : "",
        "\(line.calls)",
        line.operations > 0 ? TextTable.number(line.operations / line.seconds / 1e9, 1) : "",
      ]
    }
    return TextTable.text([[title, "share", "forward", "backward", "calls", "GFLOP/s"]] + rows)
  }
}
