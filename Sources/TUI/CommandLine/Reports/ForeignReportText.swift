import Engine
import Recap
import Terminal

extension FoundRun {
  /// The run as a page of text.
  var report: String {
    get throws {
      switch self {
      case .own(let folder): RunReport.text(for: try RunSummary(reading: folder))
      case .foreign(let run): ForeignReport(run).text
      }
    }
  }
}

extension ForeignReport {
  /// As a page of text with a line break at its end; names from files cannot steer the terminal.
  public var text: String {
    let steps = plannedSteps.map { "\(step) of \($0)" } ?? "\(step)"
    let lines =
      ["run \(run): \(status)", fact("recorded by", program.rawValue), fact("step", steps)]
      + facts.sorted { $0.key < $1.key }.map { fact($0.key, $0.value) }
      + pictures.sorted { $0.key < $1.key }.map { fact("pictures", "\($0.key): \($0.value)") }
      + (remarks ?? []).map { fact("note", $0) }
    guard !curves.isEmpty else { return lines.joined(separator: "\n") + "\n\nno scalar was recorded yet\n" }
    let rows = curves.map { curve in
      [curve.tag.withoutControlCharacters(), "\(curve.points)"]
        + [curve.first, curve.last, curve.least ?? .nan, curve.most ?? .nan].map { $0.text(figures: 4) }
    }
    let table = TextTable.text([["scalar", "points", "first", "last", "least", "most"]] + rows)
    return lines.joined(separator: "\n") + "\n\n" + table + "\n"
  }

  private func fact(_ name: String, _ value: String) -> String {
    name + String(repeating: " ", count: max(1, 13 - name.count)) + value.withoutControlCharacters()
  }
}
