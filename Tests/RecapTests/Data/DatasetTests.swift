import Engine
import Foundation
import Testing

@testable import Recap

/// Which pictures there are in what people give as data.
@Suite("Data sets")
struct DatasetTests {
  private func png(_ number: Int) throws -> [UInt8] {
    try withTemporaryFolder { folder in
      let url = URL(filePath: folder + "/x.png")
      try Image(width: 8, height: 6, pixels: (0..<144).map { UInt8(($0 * (number + 3)) % 251) }).writePNG(to: url)
      return [UInt8](try Data(contentsOf: url))
    }
  }

  /// Writes a tar of members of these names, each a picture of another number; `end` follows the last one.
  private func tar(_ names: [String], at path: String, end: [UInt8] = TarBytes.end, from first: Int = 0) throws {
    let members = try names.enumerated().flatMap { TarBytes.file($1, try png(first + $0)) }
    try Data(members + end).write(to: URL(filePath: path))
  }

  private func names(_ paths: [String], below folder: String) throws -> [String] {
    let dataset = try Dataset(paths)
    return (0..<dataset.count).map { dataset.name($0).replacing(folder + "/", with: "") }
  }

  @Test(
    "Brace lists are expanded as bash does",
    arguments: [
      ("a/{00008..00011}.tar", "a/00008.tar a/00009.tar a/00010.tar a/00011.tar"), ("{3..1}", "3 2 1"),
      ("{8..010}", "008 009 010"), ("{-1..1}", "-1 0 1"), ("{0..6..3}x", "0x 3x 6x"), ("{a..c}", "a b c"),
      ("{x,y,}-{1,2}", "x-1 x-2 y-1 y-2 -1 -2"), ("{{0..1},{8..9}}", "0 1 8 9"), ("{a{1,2},b}", "a1 a2 b"),
      ("{p{1,2}}", "{p1} {p2}"), ("{a}", "{a}"), ("a{1..", "a{1.."), ("a}b{", "a}b{"), ("{1..x}", "{1..x}"),
    ])
  func braces(text: String, expected: String) throws {
    try #expect(BraceList.expanded(text).joined(separator: " ") == expected)
  }

  @Test("Lists without end are refused")
  func endless() {
    for text in ["{0..999999999999}", "{0..1999}{0..1999}", "{-999999999999999999..999999999999999999}"] {
      #expect(problem { _ = try BraceList.expanded(text) }.contains("stands for more than 1,000,000 names"))
    }
  }

  @Test("Shards are found by lists, pairs and patterns, in the list's order; a file of exactly that name goes first")
  func notations() throws {
    try withTemporaryFolder { folder in
      for number in 0..<3 { try tar(["\(number).png"], at: "\(folder)/\(number).tar") }
      try tar(["exact.png"], at: folder + "/{0..1}::[2].tar")
      func found(_ path: String) throws -> String {
        try names([folder + "/" + path], below: folder).joined(separator: " ").replacing(".png", with: "")
      }

      #expect(try found("{2..0}.tar") == "2.tar: 2 1.tar: 1 0.tar: 0")
      #expect(try found("2.tar::\(folder)/0.tar") == "2.tar: 2 0.tar: 0")
      #expect(try found("{0,[12]}.tar") == "0.tar: 0 1.tar: 1 2.tar: 2")
      #expect(try found("{0..1}::[2].tar") == "{0..1}::[2].tar: exact")
      let dataset = try Dataset([folder + "/{0..3}.tar"])
      #expect(dataset.count == 3 && dataset.badShards.map(\.path.text) == [folder + "/3.tar"])
      #expect(
        problem { _ = try Dataset([folder + "/{7..9}.tar"]) }.contains("nor any other of the 3, as \(folder)/7.tar"))
      for foreign in ["pipe:cat x.tar", "a.tar::https://b/c.tar"] {
        #expect(
          problem { _ = try Dataset([foreign]) }.contains(
            "cannot read images from \(foreign.split(separator: "::").last!)"))
      }
    }
  }

  @Test("Links to folders and files are followed, loops cut, and names need not be UTF-8")
  func links() throws {
    try withTemporaryFolder { folder in
      let manager = FileManager.default
      for name in ["real/sub", "data/own", "names"] {
        try manager.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
      }
      for (number, name) in ["real/sub/a.png", "real/sub/b.png", "data/own/c.png"].enumerated() {
        try Data(png(number)).write(to: URL(filePath: folder + "/" + name))
      }
      try manager.createSymbolicLink(atPath: folder + "/data/train", withDestinationPath: "../real")
      try manager.createSymbolicLink(atPath: folder + "/data/own/up", withDestinationPath: "..")
      try manager.createSymbolicLink(atPath: folder + "/real/sub/self.png", withDestinationPath: "self.png")
      try manager.createSymbolicLink(atPath: folder + "/root", withDestinationPath: "data")
      let latin = [0xE8, 0xE9].map { FileName(Array((folder + "/names/caf").utf8) + [$0] + Array(".png".utf8)) }
      for (number, name) in latin.enumerated() {
        try #require(rename((folder + "/real/sub/\(number == 0 ? "a" : "b").png"), name.cString) == 0)
      }
      try Data(png(7)).write(to: URL(filePath: folder + "/real/sub/d.png"))

      #expect(
        try names([folder + "/root/"], below: folder) == [
          "root/own/c.png", "root/train/sub/d.png", "root/train/sub/self.png",
        ])
      let dataset = try Dataset([folder + "/names"])
      #expect(try dataset.count == 2 && dataset.image(0) == Image(decoding: Data(png(0)), named: ""))
      #expect(try dataset.image(1) == Image(decoding: Data(png(1)), named: ""))
      #expect(dataset.name(0).hasSuffix("caf\u{FFFD}.png") && dataset.stamp(0) != dataset.stamp(1))
    }
  }

  @Test(
    "One sample is one image: other parts and formats are passed over",
    arguments: [
      ("0.jpg 0.mask.png 0.depth.png 1.mask.png 1.jpg", "0.jpg 1.jpg"),
      ("0.png 0.jpg 0.webp 1.webp 1.JPEG", "0.jpg 1.JPEG"),
      ("a/0.jpg b/0.png", "a/0.jpg b/0.png"), ("2024.01.05.jpg 2024.01.06.jpg", "2024.01.05.jpg 2024.01.06.jpg"),
      ("0.jpg 1.jpg 0.jpg", "0.jpg 1.jpg 0.jpg"), ("v1.0/x.jpg v1.0/x.seg.png", "v1.0/x.jpg"),
      (".a.jpg .a.b.jpg", ".a.jpg"),
      ("0.mask.png", "0.mask.png"),
    ])
  func samples(given: String, expected: String) throws {
    let names = given.split(separator: " ").map(String.init)
    let chosen = Samples.chosen(names.map { FileName($0) }).map { names[$0] }
    #expect(chosen.joined(separator: " ") == expected)

    try withTemporaryFolder { folder in
      try tar(names, at: folder + "/x.tar")
      let dataset = try Dataset([folder])
      #expect(dataset.count == chosen.count && dataset.parts == names.count - chosen.count)
    }
  }

  @Test("Names in Latin-1 that read alike are samples of their own")
  func latinKeys() {
    let names = [0xE8, 0xE9].map { FileName([$0] + Array(".png".utf8)) }
    #expect(names[0].text == names[1].text && Samples.chosen(names) == [0, 1])
  }

  @Test("What macOS adds to archives is passed over in silence")
  func macArchives() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/a/__MACOSX", withIntermediateDirectories: true)
      for name in ["a/0.png", "a/._0.png", "a/__MACOSX/0.png"] {
        try Data(png(0)).write(to: URL(filePath: folder + "/" + name))
      }
      try tar(["._0.png", "0.png", "__MACOSX/x/0.png"], at: folder + "/a/x.tar")

      let dataset = try Dataset([folder])

      #expect(try names([folder], below: folder) == ["a/0.png", "a/x.tar: 0.png"])
      #expect(dataset.skipped == SkippedImages() && dataset.parts == 0)
    }
  }

  @Test("A bad shard of any kind is named and left out, the others are used")
  func badShards() throws {
    try withTemporaryFolder { folder in
      func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: folder + "/" + name))
      }
      try tar(["0.png", "1.png"], at: folder + "/0.tar")
      try write("1-page.tar", Array("<html><body>Not found</body></html>".utf8))
      try write("2-empty.tar", [])
      try write("3-packed.tar.gz", [0x1F, 0x8B, 8, 0])
      try tar(["2.png"], at: folder + "/4-cut.tar", end: TarBytes.header("3.png", 9999))
      try write("5-noise.tar", [UInt8](repeating: 77, count: 2000))
      try FileManager.default.createDirectory(
        atPath: folder + "/6-folder.tar/in.jpg", withIntermediateDirectories: true)
      try write("6-folder.tar/in.jpg/4.png", png(4))
      try FileManager.default.createSymbolicLink(atPath: folder + "/7-gone.tar", withDestinationPath: "nowhere")
      try #require(mkfifo(folder + "/8-pipe.tar", 0o600) == 0)

      let dataset = try Dataset([folder])

      #expect(
        try names([folder], below: folder)
          == ["0.tar: 0.png", "0.tar: 1.png", "4-cut.tar: 2.png", "6-folder.tar/in.jpg/4.png"])
      let reasons = [
        "1-page.tar: it is a web page", "2-empty.tar: it is empty", "3-packed.tar.gz: it is gzip-compressed",
        "4-cut.tar is damaged at byte", "5-noise.tar as a tar archive", "7-gone.tar: No such file",
        "8-pipe.tar: it is not a file",
      ]
      #expect(dataset.badShards.count == reasons.count)
      for (bad, reason) in zip(dataset.badShards, reasons) { #expect(bad.reason.message.contains(reason)) }
      #expect(dataset.skipped.summary == "7 shards are left out so far")
      #expect(dataset.summary == "4 images in 1 file and 2 shards")
    }
  }

  @Test("A shard is gone through once: its index is kept, and made anew when the file changes")
  func indexes() throws {
    try withTemporaryFolder { folder in
      let environment = ["DIVA_TUI_CACHE": folder + "/cache"]
      func kept() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/cache/shards")) ?? []).sorted()
      }
      func dataset() throws -> Dataset {
        try Dataset([folder + "/x.tar"], indexes: ShardIndexes(environment: environment))
      }
      try tar(["0.png", "0.seg.png", "1.png"], at: folder + "/x.tar")

      let fresh = try dataset()
      let name = try #require(kept().first)
      #expect(try dataset().summary == fresh.summary && dataset().image(1) == fresh.image(1) && kept() == [name])
      #expect(fresh.count == 2 && fresh.parts == 1)
      // What is read again is what was kept.
      let cache = TensorCache(folder: URL(filePath: folder + "/cache/shards"), maximumBytes: 1 << 20)
      let numbers = try #require(cache.integers(String(name.dropLast(12))))
      cache.keep(Array(numbers.dropLast(2)), as: String(name.dropLast(12)))
      #expect(try dataset().count == 1)
      try tar(["2.png", "3.png", "4.png"], at: folder + "/x.tar", from: 5)
      #expect(try dataset().count == 3 && dataset().image(0) == Image(decoding: Data(png(5)), named: ""))
      #expect(kept().count == 2)
      // A bad one is named each time.
      try tar(["2.png"], at: folder + "/x.tar", end: [])
      #expect(try dataset().badShards.count == 1 && dataset().badShards.count == 1 && kept().count == 2)
    }
  }

  @Test("The report counts images, copies, formats, sizes and what is broken")
  func report() throws {
    try withTemporaryFolder { folder in
      try tar(["0.png", "1.png", "1.depth.png"], at: folder + "/0.tar")
      try Data("<html>".utf8).write(to: URL(filePath: folder + "/1.tar"))
      try Data(png(0)).write(to: URL(filePath: folder + "/copy.png"))
      try Data("no image".utf8).write(to: URL(filePath: folder + "/text.jpg"))
      try Image(width: 20, height: 30, pixels: Array(repeating: 9, count: 1800)).writePNG(
        to: URL(filePath: folder + "/z.png"))

      let report = try DataReport([folder])

      #expect((report.samples, report.images, report.distinct, report.duplicates) == (5, 4, 3, 1))
      #expect(report.shards.good == 1 && report.shards.bad.map(\.path) == [folder + "/1.tar"])
      #expect(report.parts == 1 && report.formats == ["PNG": 4] && report.unreadable == 1)
      #expect(report.problems == ["cannot read \(folder)/text.jpg: it is not an image"])
      let sides = try #require(report.shorterSide)
      #expect((sides.smallest, sides.median, sides.largest) == (6, 6, 20))
    }
  }
}
