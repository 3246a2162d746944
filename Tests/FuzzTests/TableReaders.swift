import Foundation

@testable import Engine
@testable import Recap

extension Reader {
  static let tables = [csv, mmvp, pairLists, plan]

  private static let csv = Reader(
    name: "CSV",
    victims: {
      let text = "Question ID,Type,\"Statement, quoted\"\r\n1,\"a \"\"b\"\"\",c\n2,,\"two\nlines\"\r\n"
      return [Victim(name: "questions.csv", bytes: Array(text.utf8))]
    }, lie: { LineLies.lie($0, &$1, separator: UInt8(ascii: ",")) },
    read: { file, _ in
      let rows = try CSV.rows(in: Data(contentsOf: file)).map(\.fields)
      guard try CSV.rows(in: Array(CSV.text(rows).utf8)).map(\.fields) == rows else {
        throw Malformed("rows that change when they are written")
      }
    })

  /// The questions of a benchmark whose pictures are real.
  private static let mmvp = Reader(
    name: "MMVP folder",
    victims: {
      // The first pair of each pattern.
      let lines = try String(contentsOf: benchmark.appending(path: "Questions.csv"), encoding: .utf8)
        .split(separator: "\n")
      let firsts = stride(from: 1, to: lines.count - 1, by: 30).flatMap { lines[$0...$0 + 1] }
      return [Victim(name: "Questions.csv", bytes: Array(([lines[0]] + firsts).joined(separator: "\n").utf8))]
    }, lie: { LineLies.lie($0, &$1, separator: UInt8(ascii: ",")) },
    read: { file, _ in
      try inFolder(file, of: benchmark, as: "Questions.csv") { folder in
        let read = try MMVPFolder(url: folder)
        guard !read.pairs.isEmpty else { throw Malformed("no pairs") }
        for pair in read.pairs {
          let texts = pair.statements
          guard texts.allSatisfy({ !$0.isEmpty && $0 == $0.withoutControlCharacters() }) else {
            throw Malformed("statements \(texts)")
          }
          for image in pair.imageURLs where !image.path.hasPrefix(folder.path) { throw Malformed(image.path) }
        }
        _ = try read.pairs.prefix(1).flatMap(\.imageURLs).map { try Image(contentsOf: $0) }
      }
    },
    command: { file, _ in
      ["evaluate", "mmvp", "--mmvp", try inFolder(file, of: benchmark, as: "Questions.csv") { $0.path }]
    })

  private static let benchmark = Victim.fixtures.appending(path: "../../assets/mini/mmvp").standardizedFileURL

  private static let pairLists = Reader(
    name: "pair lists",
    victims: {
      let list = Array(repeating: [3, 14, 15], count: Pattern.allCases.count)
      let lists = PairLists(validation: list, test: list, browsing: list)
      return [Victim(name: "pairs.json", bytes: [UInt8](try JSONEncoder().encode(lists)))]
    }, lie: JSONLies.lie,
    read: { file, _ in
      let lists = try PairLists(contentsOf: file)
      for split in [MiniWorld.Split.validation, .test, .browsing] {
        guard lists.pairs(split, in: MiniWorld()).allSatisfy({ $0.statements.count == 2 }) else {
          throw Malformed("a pair without statements")
        }
      }
    })

  private static let plan = Reader(
    name: "pre-training plan",
    victims: { [Victim(name: "plan.json", bytes: [UInt8](try RunJSON.pretty(PretrainPlan.mini)))] },
    lie: JSONLies.lie,
    read: { file, _ in
      let plan = try PretrainPlan(parsing: SmallFile.read(file.path), file: file.path)
      guard 2 * plan.towers.pairs + plan.towers.singles > 0, plan.candidates >= plan.kept else {
        throw Malformed("\(plan)")
      }
    })
}
