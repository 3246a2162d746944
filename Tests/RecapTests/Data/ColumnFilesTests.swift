import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// Parquet and arrow files, which are refused with a line that makes them readable; Tests/Reference/column_files.py runs
/// the lines with pyarrow.
@Suite struct ColumnFilesTests {
  private func put(_ bytes: String, at path: String) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes.utf8).write(to: url)
  }

  private func open(_ content: ColumnFiles.Content, _ path: String) throws {
    switch content {
    case .pairs: _ = try BenchmarkFiles(at: path)
    case .classes: _ = try ZeroShotSet(at: path)
    case .captions: _ = try RetrievalSet(at: path)
    case .images: _ = try Dataset([path])
    }
  }

  @Test(
    "each reader refuses a folder of parquet files, and one of them, with its own line",
    arguments: [ColumnFiles.Content.pairs, .classes, .captions, .images])
  func refusal(content: ColumnFiles.Content) throws {
    try withFolder { folder in
      let file = folder + "/plain_text/test-00000-of-00001.parquet"
      try put("PAR1", at: file)
      for path in [folder, file] {
        let problem = try #require(throws: Problem.self) { try open(content, path) }

        #expect(problem.message == "cannot read \(path): parquet and arrow files are not read")
        #expect(problem.advice?.hasSuffix(ColumnFiles.exportLine(content)) == true)
        // One line that a shell takes as it is.
        #expect(problem.advice?.contains { $0.isNewline || "$`!\\".contains($0) } == false)
      }
    }
  }

  @Test("arrow files are made parquet files first")
  func arrow() throws {
    try withFolder { folder in
      try put("x", at: folder + "/data-00000-of-00001.arrow")

      let advice = try #require(ColumnFiles.refusal(folder, .pairs)?.advice)

      #expect(advice.hasPrefix("turn arrow into parquet where it lies: python3 -c") && advice.contains("open_stream"))
    }
  }

  @Test("parquet files beside images or shards are passed over, alone in a pattern they are refused")
  func besideImages() throws {
    try withFolder { folder in
      try put("PAR1", at: folder + "/00000.parquet")
      #expect(throws: Problem.self) { try Dataset([folder + "/*.parquet"]) }
      let image = Image(width: 2, height: 2, pixels: [UInt8](repeating: 9, count: 12))
      try image.writePNG(to: URL(filePath: folder + "/00000.png"))

      #expect(try Dataset([folder]).count == 1)
      let listed = try Dataset([folder + "/0*"])
      #expect(listed.count == 1 && listed.badShards.isEmpty)
    }
  }
}
