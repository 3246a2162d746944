import Engine
import Recap

/// The health of a data set for people.
extension DataReport {
  private static let mostProblems = 20

  var text: String {
    let whole = shards.good + shards.bad.count
    let broken = shards.bad.map { "  \($0.reason)" }
    let reasons = problems.prefix(Self.mostProblems).map { "  \($0)" }
    let more = unreadable - reasons.count
    return
      (["\(paths.joined(separator: " ")): images to train on"]
      + (whole == 0 ? [] : ["\(whole.counted("shard")): \(shards.good.grouped) good, \(shards.bad.count.grouped) bad"])
      + broken + [counts] + contents
      + (unreadable == 0 ? [] : ["\(unreadable.grouped) cannot be read:"] + reasons)
      + (more > 0 && unreadable > 0 ? ["  and \(more.grouped) more"] : [])).joined(separator: "\n")
  }

  private var counts: String {
    let copies =
      duplicates == 0 ? "all distinct" : "\(distinct.grouped) distinct, \(duplicates.counted("duplicate"))"
    return "\(samples.counted("sample")), \(images.counted("image")): \(copies)"
      + (parts == 0 ? "" : "; \(parts.grouped) other parts or formats are passed over")
  }

  private var contents: [String] {
    guard let shorterSide else { return [] }
    let kinds = formats.sorted { $0.value > $1.value }.map { "\($0.value.grouped) \($0.key)" }.joined(separator: ", ")
    return [
      "\(kinds); \(bytes.byteText); shorter side \(shorterSide.smallest) to \(shorterSide.largest) pixels, "
        + "median \(shorterSide.median)"
    ]
  }
}
