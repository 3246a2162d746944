import Engine
import Foundation
import Testing

@testable import Recap

@Suite("What leaves the list of pairs")
struct PairExportTests {
  private var list: PairList {
    var list = ReviewSamples.list("fixed | broken")
    _ = list.choose(6)
    list.note { $0 = PairNote(isMarked: true, text: "hue, \"quoted\"\nline | pipe") }
    return list
  }

  @Test("is a table that spreadsheets read")
  func csv() throws {
    let rows = try CSV.rows(in: PairExport.text(list, as: .csv, title: "").utf8)

    #expect(rows.count == 4 && rows.allSatisfy { $0.fields.count == rows[0].fields.count })
    let columns = Dictionary(uniqueKeysWithValues: zip(rows[0].fields, rows[3].fields))
    #expect(
      columns["pair"] == "6" && columns["statement2"] == "a purple lamp and a face" && columns["outcome"] == "broken")
    #expect(columns["answers"] == "1100" && columns["flips"] == "1" && columns["marked"] == "1")
    #expect(columns["note"] == "hue, \"quoted\"\nline | pipe" && columns["tuned.similarity11"] == "")
    #expect(abs(try #require(Double(columns["change"] ?? "")) + 0.15) < 1e-6)
  }

  @Test("is JSON with the same, and similarities where they are known")
  func json() throws {
    var pairs = ReviewSamples.answered
    let own = try #require(pairs[5].tuned)
    pairs[5].tuned = PairPrediction(own.pair, scores: own.scores, similarities: PairSimilarities([1, 2, 3, 4]))
    var list = PairList(pairs)
    list.apply("#6")
    let data = Data(try PairExport.text(list, as: .json, title: "").utf8)
    let read = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])

    #expect(read.count == 1 && read[0]["pair"] as? Int == 6)
    #expect(read[0]["tunedSimilarities"] as? [Double] == [1, 2, 3, 4] && read[0]["baselineSimilarities"] == nil)
  }

  @Test("is Markdown whose table no statement breaks")
  func markdown() throws {
    let text = try PairExport.text(list, as: .markdown, title: "run | <b>")

    #expect(text.hasPrefix("# run \\| \\<b\\>\n\n3 pairs. Margins:"))
    let table = text.split(separator: "\n").filter { $0.hasPrefix("| ") }
    #expect(table.count == 4)
    #expect(
      table[3].hasPrefix(
        "| 6 | Color and Appearance | a blue lamp and a face | a purple lamp and a face | broken | +0.100 | −0.050 | −0.150 | 1 | marked; hue, \"quoted\"line \\| pipe |"
      ))
  }

  @Test("has a name that says what it is, and never takes another file's place")
  func names() throws {
    let name = PairExport.fileName(run: "../a b", step: 1100, filter: "(fixed | broken) & colour", format: .csv)
    #expect(name == "a-b-step-1100-fixed-broken-colour.csv")
    #expect(PairExport.fileName(run: "r", step: nil, filter: "", format: .markdown) == "r-pairs.md")
    try withTemporaryFolder { folder in
      let paths = try (0..<3).map { try PairExport.write(Data("\($0)".utf8), as: "a.csv", in: folder) }
      #expect(paths == ["a.csv", "a-2.csv", "a-3.csv"].map { folder + "/" + $0 })
      let texts = try paths.map { try String(contentsOfFile: $0, encoding: .utf8) }
      #expect(texts == ["0", "1", "2"])
      #expect(throws: Problem.self) { try PairExport.write(Data(), as: "a.csv", in: folder + "/none") }
      // A folder that is there gets the file, under its usual name; one that is not there is no file's name.
      try FileManager.default.createDirectory(atPath: folder + "/kept", withIntermediateDirectories: false)
      let inside = try ["kept", "kept/", folder + "/kept"].map {
        try PairExport.write(Data(), as: $0, usual: "r-pairs.csv", in: folder)
      }
      #expect(inside == ["r-pairs.csv", "r-pairs-2.csv", "r-pairs-3.csv"].map { folder + "/kept/" + $0 })
      let problem = #expect(throws: Problem.self) {
        try PairExport.write(Data(), as: "gone/", usual: "r-pairs.csv", in: folder)
      }
      #expect(problem?.message.contains("no such folder") == true)
    }
  }

  @Test("notes stay, beside those of other windows and of other pairs")
  func notes() throws {
    try withTemporaryFolder { folder in
      #expect(try PairNotes(in: folder, checksum: "a").notes.isEmpty)
      try PairNotes.keep(PairNote(isMarked: true), about: 6, checksum: "a", in: folder)
      try PairNotes.keep(PairNote(isDoubtful: true, text: "é \u{1B}"), about: 7, checksum: "a", in: folder)
      try PairNotes.keep(PairNote(isMarked: true), about: 6, checksum: "b", in: folder)
      try PairNotes.keep(PairNote(), about: 6, checksum: "a", in: folder)

      let own = try PairNotes(in: folder, checksum: "a")
      #expect(own.notes == [7: PairNote(isDoubtful: true, text: "é \u{1B}")])
      #expect(try PairNotes(in: folder, checksum: "b").notes == [6: PairNote(isMarked: true)])

      try Data("{".utf8).write(to: URL(filePath: folder + "/notes.json"))
      #expect(problem { _ = try PairNotes(in: folder, checksum: "a") }.contains("notes.json"))
      let refusal = problem { try PairNotes.keep(PairNote(), about: 1, checksum: "a", in: folder) }
      #expect(!refusal.isEmpty)
    }
  }
}
