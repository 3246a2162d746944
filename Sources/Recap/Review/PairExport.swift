import Engine
import Foundation

/// Listed pairs as a file: all that is known of each.
public enum PairExport {
  public enum Format: String, CaseIterable, Sendable {
    case csv, json
    case markdown = "md"
  }

  /// - Parameter title: what the list is, for the heading of Markdown.
  public static func text(_ list: PairList, as format: Format, title: String) throws -> String {
    let rows = list.shown.indices.map { Row(list[$0], list.notes[list[$0].number]) }
    return switch format {
    case .csv: CSV.text([Row.columns] + rows.map(\.cells))
    case .json: String(decoding: try RunJSON.pretty(rows), as: UTF8.self)
    case .markdown: markdown(rows, title: title, chance: list.pairs.lazy.map(\.pair).chance)
    }
  }

  /// "first-step-1100-broken-color.csv", from what people and files named.
  public static func fileName(run: String, step: Int?, filter: String, format: Format) -> String {
    let parts = [run, step.map { "step-\($0)" } ?? "", filter.isEmpty ? "pairs" : filter]
    let name: String = parts.map(plain).filter { !$0.isEmpty }.joined(separator: "-")
    return "\(name.drop { $0 == "." || $0 == "-" }).\(format.rawValue)"
  }

  /// What a person or a file named, as a part of a file's name: "run a/b" is "run-a-b".
  public static func plain(_ text: String) -> String {
    let letters = text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") ? $0 : "-" }
    return String(String(letters).split(separator: "-").joined(separator: "-").prefix(60))
  }

  /// Writes beside what is there, never over it; into a folder that is there, under the usual name. Gives the path.
  public static func write(_ data: Data, as name: String, usual: String? = nil, in folder: String) throws -> String {
    var whole = name.hasPrefix("/") ? name : folder + "/" + name
    if FileManager.default.isFolder(whole) == true {
      whole += (whole.hasSuffix("/") ? "" : "/") + (usual ?? name)
    } else if whole.hasSuffix("/") {
      throw Problem("cannot write to \(name): there is no such folder", advice: "make it, or name a file")
    }
    let (stem, ending) = ((whole as NSString).deletingPathExtension, (whole as NSString).pathExtension)
    let paths = [whole] + (2...999).map { "\(stem)-\($0)" + (ending.isEmpty ? "" : ".\(ending)") }
    guard let path = paths.first(where: { !FileManager.default.fileExists(atPath: $0) }) else {
      throw Problem("cannot write \(name) in \(folder): there are 999 of them", advice: "remove some")
    }
    try DurableFile.write(data, to: path)
    return path
  }

  private static func markdown(_ rows: [Row], title: String, chance: Double) -> String {
    func safe(_ text: String) -> String {
      text.withoutControlCharacters().map { "\\`*_{}[]<>#|&".contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }
    let head = ["| # | pattern | statement 1 | statement 2 | outcome | baseline | tuned | change | flips | note |"]
    let line = "|---:|---|---|---|---|---:|---:|---:|---:|---|"
    let body = rows.map { row in
      let note = [row.marked ? "marked" : "", row.doubtful ? "label doubtful" : "", row.note]
      let cells: [String] =
        ["\(row.pair)", safe(row.pattern), safe(row.statement1), safe(row.statement2), row.outcome]
        + [row.baselineMargin, row.tunedMargin, row.change].map { $0?.signed(decimals: 3) ?? "–" }
        + ["\(row.flips)", safe(note.filter { !$0.isEmpty }.joined(separator: "; "))]
      return "| " + cells.joined(separator: " | ") + " |"
    }
    let legend =
      "Margins: the worse statement’s probability of its own image, less one half. "
      + "Guessing gets \(chance.percent(decimals: 1)) % of pairs."
    return (["# \(safe(title))", "", "\(rows.count.counted("pair")). \(legend)", ""] + head + [line] + body)
      .joined(separator: "\n") + "\n"
  }

  /// Names of members are those of the columns.
  private struct Row: Encodable {
    let pair: Int
    let pattern: String
    let statement1: String
    let statement2: String
    let image1: String
    let image2: String
    let outcome: String
    let baselineMargin: Double?
    let tunedMargin: Double?
    let change: Double?
    let flips: Int
    /// A 1 for each evaluation with a right answer.
    let answers: String
    let baselineScores: [Double]?
    let tunedScores: [Double]?
    let baselineSimilarities: [Float]?
    let tunedSimilarities: [Float]?
    let marked: Bool
    let doubtful: Bool
    let note: String

    init(_ answered: AnsweredPair, _ note: PairNote) {
      func four(_ prediction: PairPrediction?) -> [Float]? {
        prediction?.similarities.map { matrix in (0..<4).map { matrix.values[$0] } }
      }
      let (pair, statements) = (answered.pair, answered.statements)
      self.pair = answered.number
      pattern = pair.category?.title ?? ""
      (statement1, statement2) = (statements[0], statements[1])
      (image1, image2) = (pair.imageURLs.first?.path ?? "", answered.secondImage?.path ?? "")
      outcome = answered.outcome?.rawValue ?? ""
      (baselineMargin, tunedMargin) = (answered.baseline?.margin, answered.tuned?.margin)
      (change, flips) = (answered.change, answered.flips)
      answers = answered.answers.map { $0 ? "1" : "0" }.joined()
      (baselineScores, tunedScores) = (answered.baseline?.scores, answered.tuned?.scores)
      (baselineSimilarities, tunedSimilarities) = (four(answered.baseline), four(answered.tuned))
      (marked, doubtful, self.note) = (note.isMarked, note.isDoubtful, note.text)
    }

    private static let numbers = ["scores1", "scores2"]
    private static let similarities = ["11", "12", "21", "22"].map { "similarity" + $0 }

    static let columns =
      ["pair", "pattern", "statement1", "statement2", "image1", "image2", "outcome", "baselineMargin", "tunedMargin"]
      + ["change", "flips", "answers", "marked", "doubtful", "note"]
      + ["baseline", "tuned"].flatMap { model in (numbers + similarities).map { "\(model).\($0)" } }

    var cells: [String] {
      let facts = ["\(pair)", pattern, statement1, statement2, image1, image2, outcome]
      let margins = [baselineMargin, tunedMargin, change].map { $0.map { "\($0)" } ?? "" }
      let person = ["\(flips)", answers, marked ? "1" : "0", doubtful ? "1" : "0", note]
      func values(_ scores: [Double]?, _ matrix: [Float]?) -> [String] {
        (scores?.map { "\($0)" } ?? ["", ""]) + (matrix?.map { "\($0)" } ?? ["", "", "", ""])
      }
      return facts + margins + person + values(baselineScores, baselineSimilarities)
        + values(tunedScores, tunedSimilarities)
    }
  }
}
