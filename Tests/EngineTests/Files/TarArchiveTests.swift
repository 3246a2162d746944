import Foundation
import TestSupport
import Testing

@testable import Engine

/// Against Python's `tarfile`; Tests/Reference/tar_cases.py wrote the archives.
@Suite("Tar archives")
struct TarArchiveTests {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    struct Member: Decodable, Sendable {
      let name: String
      let contents: Data
    }
    let name: String
    let file: Data
    let members: [Member]

    var testDescription: String { name }

    static let all: [Case] = {
      do {
        return try JSONDecoder().decode(
          [Case].self, from: Data(contentsOf: Fixture.folder.appending(path: "tar_cases.json")))
      } catch {
        preconditionFailure("tar_cases.json: \(error)")
      }
    }()
  }

  /// An archive and what its members hold.
  private func open(_ bytes: Data, wanted: (FileName) -> Bool = { _ in true }) throws -> (
    tar: TarArchive, files: [Data]
  ) {
    try Reference.withTemporaryFolder { folder in
      try bytes.write(to: URL(filePath: folder + "/x.tar"))
      let tar = try TarArchive(FileName(folder + "/x.tar"), where: wanted)
      return (tar, try tar.members.map { try TarArchive.contents(of: $0, in: tar.path) })
    }
  }

  @Test("give the names and contents that tarfile gives, in every format", arguments: Case.all)
  func members(it: Case) throws {
    let (tar, files) = try open(it.file)

    #expect(tar.names.map(\.text) == it.members.map(\.name))
    #expect(files == it.members.map(\.contents))
  }

  @Test("give what is asked for alone")
  func wanted() throws {
    let it = try #require(Case.all.first)

    let tar = try open(it.file) { $0.fileExtension == "jpg" }.tar

    #expect(tar.members.count == it.members.count { $0.name.hasSuffix(".jpg") } && tar.members.count == 3)
    #expect(tar.obstacles.isEmpty && tar.damage == nil)
  }

  @Test("that are cut anywhere give the files before the cut, and say so", arguments: Case.all)
  func cut(it: Case) throws {
    for length in stride(from: 513, to: it.file.count, by: 173) {
      guard let (tar, contents) = try? open(it.file.prefix(length)) else { continue }
      #expect(contents == Array(it.members.map(\.contents).prefix(contents.count)))
      if contents.count < it.members.count { #expect(tar.damage != nil) }
    }
  }

  @Test(
    "whose first header lies are refused",
    arguments: [
      (124, "77777777777\u{0}", "reaches beyond"), (124, "12x45678901\u{0}", "something other than numbers"),
      (0, "other", "checksum"),
    ])
  func refused(place: Int, text: String, reason: String) throws {
    var bytes = try #require(Case.all.first { $0.name == "ustar" }).file
    bytes.replaceSubrange(place..<place + text.utf8.count, with: text.utf8)
    if reason != "checksum" { sign(&bytes) }

    let problem = try #require(throws: Problem.self) { try open(bytes) }

    #expect(problem.message.contains("as a tar archive") && problem.message.contains(reason))
  }

  @Test("with a size beyond all numbers, or a name without end, are refused and not followed")
  func absurdSizes() throws {
    var bytes = try #require(Case.all.first { $0.name == "ustar" }).file
    bytes.replaceSubrange(124..<136, with: [0xFF] + [UInt8](repeating: 0xFF, count: 11))
    sign(&bytes)
    #expect(try #require(throws: Problem.self) { try open(bytes) }.message.contains("a number that is too large"))

    var named = try #require(Case.all.first { $0.name == "gnu" }).file
    named.replaceSubrange(124..<136, with: Data("00020000000\u{0}".utf8))
    named[156] = UInt8(ascii: "L")
    sign(&named)
    named.append(Data(count: 5 << 20))
    #expect(try #require(throws: Problem.self) { try open(named) }.message.contains("a name of 4194304 bytes"))
  }

  @Test("that are compressed, or something else, are told from tars")
  func otherFiles() throws {
    let gzip = try #require(throws: Problem.self) { try open(Data([0x1F, 0x8B] + [UInt8](repeating: 7, count: 1000))) }
    #expect(gzip.message.contains("gzip-compressed"))
    let page = try #require(throws: Problem.self) { try open(Data("\n<!DOCTYPE html><html>\(gzip)".utf8)) }
    #expect(page.message.contains("it is a web page"))
    #expect(try #require(throws: Problem.self) { try open(Data()) }.message.contains("it is empty"))
    #expect(throws: Problem.self) { try open(Data("Question ID,Type,Statement\n".utf8)) }
    #expect(try open(Data(count: 1024)).tar.members.isEmpty)
  }

  @Test("that have become shorter give a reason, not other bytes")
  func shortened() throws {
    let it = try #require(Case.all.first)
    try Reference.withTemporaryFolder { folder in
      let path = folder + "/x.tar"
      try it.file.write(to: URL(filePath: path))
      let tar = try TarArchive(FileName(path)) { _ in true }
      let last = try #require(tar.members.last { $0.size > 0 })
      try it.file.prefix(last.bytes.upperBound - 1).write(to: URL(filePath: path))

      let problem = try #require(throws: Problem.self) { try TarArchive.contents(of: last, in: tar.path) }

      #expect(problem.message.contains("it has become shorter"))
    }
  }

  /// Puts the right checksum into the first header.
  private func sign(_ bytes: inout Data) {
    bytes.replaceSubrange(148..<156, with: Data("        ".utf8))
    let sum = String(bytes.prefix(512).reduce(0) { $0 + Int($1) }, radix: 8)
    bytes.replaceSubrange(148..<156, with: Data((String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ").utf8))
  }
}
