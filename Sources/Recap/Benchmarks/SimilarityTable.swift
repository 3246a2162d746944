import Engine
import Foundation

/// A model's similarities as a table that every score follows from: VisMin's columns, and the category.
///
///     id,T0_I0,T0_I1,T1_I0,T1_I1,category
///
/// `T0_I1` is the first statement with the second image. Of one of many the right one and the strongest wrong one stand
/// there, and what does not exist is empty.
public enum SimilarityTable {
  private static let columns = ["T0_I0", "T0_I1", "T1_I0", "T1_I1"]

  public static func text(_ answers: [SimilarityMatrix]) -> String {
    let rows = answers.map { answer -> [String] in
      let numbers: [Double?]
      switch (answer.pair.shape, answer.choice) {
      case (.square, _): numbers = answer.isKnown ? answer.values.map { $0 } : [nil, nil, nil, nil]
      case (.statements, let choice): numbers = [choice?.right, nil, choice?.wrong, nil]
      case (.images, let choice): numbers = [choice?.right, choice?.wrong, nil, nil]
      }
      return [answer.pair.id] + numbers.map { $0.map { "\($0)" } ?? "" } + [answer.pair.category?.name ?? ""]
    }
    return CSV.text([["id"] + columns + ["category"]] + rows, lineEnd: "\n")
  }

  /// The answers of a table, and its pairs, of which nothing but the ids is known.
  ///
  /// Throws a `Problem` that names the line of a row that cannot be right.
  public static func read(_ path: String) throws -> (files: BenchmarkFiles, answers: [SimilarityMatrix]) {
    var rows: [CSV.Row]
    do {
      rows = try CSV.rows(in: try SmallFile.read(path, limit: BenchmarkFolder.largestTable))
    } catch let problem as Problem {
      throw Problem("cannot read \(path): \(problem.message)", advice: problem.advice)
    }
    let header = rows.isEmpty ? [] : rows.removeFirst().fields.map { $0.filter { !$0.isWhitespace } }
    let places = (["id"] + columns).compactMap { header.firstIndex(of: $0) }
    guard places.count == 5 else {
      throw Problem(
        "\(path) is no table of similarities", advice: "expected the columns id," + columns.joined(separator: ","))
    }
    let category = header.firstIndex(of: "category")
    var answers: [SimilarityMatrix] = []
    var skipped: [SkippedPair] = []
    var ids: [String: Int] = [:]
    for row in rows where !row.fields.allSatisfy(\.isEmpty) {
      let field = { (place: Int) in place < row.fields.count ? row.fields[place] : "" }
      let id = field(places[0]).withoutControlCharacters()
      let own = category.map { PairCategory(field($0).withoutControlCharacters()) }
      func problem(_ what: String) -> Problem { Problem("\(path), line \(row.line): \(what)") }
      if let first = ids.updateValue(row.line, forKey: id) {
        skipped.append(
          SkippedPair(id: id, category: own, reason: problem("the id \(id.shown) is that of line \(first), too")))
        continue
      }
      let texts = places.dropFirst().map { field($0).trimmingCharacters(in: .whitespaces) }
      let values = texts.map { Double($0) }
      guard zip(texts, values).allSatisfy({ $0.isEmpty || $1?.isFinite == true }) else {
        throw problem("“\(texts.first { Double($0)?.isFinite != true && !$0.isEmpty }?.shown ?? "")” is no number")
      }
      guard let shape = shape(values.map { $0 != nil }) else {
        skipped.append(SkippedPair(id: id, category: own, reason: problem("its similarities are not known")))
        continue
      }
      let pair = ImagePair(
        index: answers.count, pattern: nil, statements: shape == .images(2) ? [""] : ["", ""], id: id, shape: shape,
        category: own.flatMap { $0.name.isEmpty ? nil : $0 })
      answers.append(SimilarityMatrix(pair, values.compactMap(\.self)))
    }
    guard !answers.isEmpty else { throw Problem("\(path) has no pair", advice: "expected a row for each pair") }
    return (BenchmarkFiles(table: path, answers.map(\.pair), skipped), answers)
  }

  private static func shape(_ known: [Bool]) -> ImagePair.Shape? {
    switch known {
    case [true, true, true, true]: .square
    case [true, false, true, false]: .statements(right: 1)
    case [true, true, false, false]: .images(2)
    default: nil
    }
  }
}
