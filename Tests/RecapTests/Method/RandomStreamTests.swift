import Foundation
import Testing

@testable import Recap

@Suite("The streams of random numbers")
struct RandomStreamTests {
  @Test("have numbers that all differ, also from those of a run that was begun with an older version")
  func numbers() {
    let numbers = RandomStream.allCases.map(\.rawValue)

    #expect(Set(numbers).count == numbers.count)
    #expect(
      [RandomStream.imageOrder, .patches, .shuffledCondition, .crops, .noise, .timesteps].map(\.rawValue)
        == [10, 11, 12, 13, 20, 21])
    #expect(
      [RandomStream.reconstructionNoise, .reconstructionPatches, .featurePatches].map(\.rawValue) == [30, 31, 50])
  }

  @Test("are named wherever Recap or TUI draw, never a bare number")
  func noBareNumbers() throws {
    let bare = try Regex(#"stream: *(UInt32 *= *)?[0-9]"#)
    let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Sources").standardized
    var files = 0
    for module in ["Recap", "TUI", "Bench", "Explorer", "Terminal"] {
      let folder = FileManager.default.enumerator(at: sources.appending(path: module), includingPropertiesForKeys: nil)
      for case let file as URL in folder ?? FileManager.DirectoryEnumerator() where file.pathExtension == "swift" {
        files += 1
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        where !line.drop(while: { $0 == " " }).hasPrefix("//") {
          #expect(line.firstMatch(of: bare) == nil, "\(file.lastPathComponent): \(line)")
        }
      }
    }
    #expect(files > 150)
  }
}
