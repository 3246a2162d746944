import Engine
import Foundation
import Recap
import Testing

@Suite struct MMVPFolderTests {
  @Test func theMiniWorldIsReadLikeMMVP() throws {
    let folder = try Folder()
    defer { folder.remove() }
    let world = MiniWorld(seed: 2)

    try world.writePairs(to: folder.url, perPattern: 2)
    let pairs = try MMVPFolder(url: folder.url).pairs

    let made = world.pairs(.browsing, perPattern: 2)
    #expect(pairs.map(\.pattern) == made.map(\.pattern))
    #expect(pairs.map(\.statements) == made.map(\.statements))
    #expect(pairs.flatMap(\.questionIDs) == Array(1...36))
    #expect(try Image(contentsOf: pairs[7].imageURLs[1]) == made[7].second.render())
    #expect(folder.has("MLLM_VLM_Images/Structural Character/25.png"))
  }

  @Test("Every published spelling of the folders is found", arguments: MMVPFolder.imageFolders)
  func spellings(name: String) throws {
    let folder = try Folder()
    defer { folder.remove() }
    try folder.write("Questions.csv", "Question ID,Type,Statement\n1,Camera Perspective,a\n2,Camera Perspective,b\n")
    try folder.write("\(name)/Camera_Perspective/1.jpg")
    try folder.write("\(name)/Camera_Perspective/2.jpeg")

    let pairs = try MMVPFolder(url: folder.url).pairs

    #expect(pairs.map(\.pattern) == [.viewpoint])
    #expect(pairs[0].imageURLs.map(\.lastPathComponent) == ["1.jpg", "2.jpeg"])
  }

  @Test func columnsAreFoundByNameOrElseByOrder() throws {
    let folder = try Folder()
    defer { folder.remove() }
    try folder.write("I/1.png")
    try folder.writePair(questions: "\u{FEFF}Statement,Note,question_id,Type\r\n\"a, b\",x,1,Text\r\nc,x,2,Text\r\n")
    #expect(try MMVPFolder(url: folder.url).pairs[0].statements == ["a, b", "c"])

    try folder.writePair(questions: "lfd,kind,sentence\n1,Text,a\n2,Text,b\n")
    #expect(try MMVPFolder(url: folder.url).pairs[0].questionIDs == [1, 2])
  }

  @Test func rowsOfCommasAreNoQuestions() throws {
    let folder = try Folder()
    defer { folder.remove() }
    try folder.writePair(questions: "Question ID,Type,Statement\n1,Text,a\n,,\n2,Text,b\n, ,\n,,\n")

    #expect(try MMVPFolder(url: folder.url).pairs.flatMap(\.statements) == ["a", "b"])
  }

  @Test("Nine equal blocks are the nine patterns, whatever they are called")
  func blocks() throws {
    let folder = try Folder()
    defer { folder.remove() }
    let questions = (1...36).map { "\($0),Group \(($0 - 1) / 4),s" }.joined(separator: "\n")
    try folder.write("Questions.csv", "Question ID,Type,Statement\n\(questions)\n")
    for id in 1...36 { try folder.write("MLLM_VLM_Images/Group \((id - 1) / 4)/\(id).jpg") }

    let patterns = try MMVPFolder(url: folder.url).pairs.map(\.pattern)

    #expect(patterns == Pattern.allCases.flatMap { [$0, $0] })
  }

  @Test(
    "A bad table is refused with its line",
    arguments: [
      ("Question ID,Type\n1,Text\n", "line 1: a column is missing: there are \"Question ID\", \"Type\""),
      ("Question ID,Type,Statement\n1,Text,a\n2,Text\n", "line 3: there are 2 fields"),
      ("Question ID,Type,Statement\none,Text,a\n2,Text,b\n", "line 2: \"one\" is no question id"),
      ("Question ID,Type,Statement\n1,Text,a\n3,Text,b\n", "line 2: the ids 1 and 3 make no pair"),
      ("Question ID,Type,Statement\n1,Text,a\n2,Text,b\n3,Text,c\n", "has 3 questions"),
      ("Question ID,Type,Statement\n", "has 0 questions"),
      ("", "is empty"),
      ("Question ID,Type,Statement\n1,Text,\"a\n2,Text,b\n", "the row that begins on line 2 are never closed"),
      ("Question ID,Type,Statement\n1,Smell,a\n2,Smell,b\n", "line 2: the type \"Smell\" is none of MMVP's"),
      ("Question ID,Type,Statement\n7,Text,a\n8,Text,b\n", "line 2: there is no image Text/7.jpg"),
      ("Question ID,Type,Statement\n1,Text,a\n4,Text,b\n", "line 3: there is no image Text/4.jpg"),
      ("Question ID,Type,Statement\n1,Text,a, b\n2,Text,b\n", "line 2: there are 4 fields"),
      ("Question ID,Type,Statement\n1,Text,a\n2,Text,b\n1,Text,c\n2,Text,d\n", "line 4: the id 1 is that of line 2"),
      ("Question ID,Type,Statement\n1,Text,a\n2,Text, \n", "line 3: the statement is empty"),
      ("Question ID,Type,Statement\n1,..,a\n2,..,b\n", "the type \"..\" is none"),
    ])
  func badTables(questions: String, reason: String) throws {
    let folder = try Folder()
    defer { folder.remove() }
    try folder.writePair(questions: questions)

    let problem = #expect(throws: Problem.self) { try MMVPFolder(url: folder.url) }

    #expect(problem?.message.contains(reason) == true, "\(problem?.message ?? "")")
    #expect(problem?.message.contains("Questions.csv") == true)
  }

  @Test func aPairWithoutAnImageIsLeftOutAndNamed() throws {
    let folder = try Folder()
    defer { folder.remove() }
    try folder.writePair(questions: "Question ID,Type,Statement\n1,Text,a\n2,Text,b\n3,Text,c\n4,Text,d\n")

    let read = try MMVPFolder(url: folder.url)

    #expect(read.pairs.map(\.questionIDs) == [[1, 2]])
    #expect(read.skipped.map(\.questionIDs) == [[3, 4]])
    #expect(
      read.skipped[0].reason.message.hasSuffix(
        "line 4: there is no image Text/3.jpg (or .png, .jpeg, .webp) in MLLM_VLM_Images"))
  }

  @Test func controlCharactersAreTakenOutOfStatements() throws {
    let folder = try Folder()
    defer { folder.remove() }
    try folder.writePair(
      questions: "Question ID,Type,Statement,\n1,Text,\"a\u{1B}[31m red\nball\",\n2,Text,a\u{200D}b\tc,\n")

    let read = try MMVPFolder(url: folder.url)

    #expect(read.pairs[0].statements == ["a[31m red ball", "a\u{200D}b c"])
    #expect(read.cleanedStatements == 1)
  }

  @Test func aTypeCannotLeadOutOfTheFolder() throws {
    let folder = try Folder()
    defer { folder.remove() }
    let questions = (1...18).map { "\($0),../\(($0 - 1) / 2),s" }.joined(separator: "\n")
    try folder.write("Questions.csv", "Question ID,Type,Statement\n\(questions)\n")
    try folder.write("MLLM_VLM_Images/x/1.jpg")
    for id in 1...18 { try folder.write("\((id - 1) / 2)/\(id).jpg") }

    #expect(throws: Problem.self) { try MMVPFolder(url: folder.url) }
  }

  @Test func aFolderWithoutImagesOrQuestionsSaysWhatIsExpected() throws {
    let folder = try Folder()
    defer { folder.remove() }
    let noQuestions = #expect(throws: Problem.self) { try MMVPFolder(url: folder.url) }
    #expect(noQuestions?.message == "cannot read \(folder.url.path)/Questions.csv: No such file or directory")

    try folder.write("Questions.csv", "Question ID,Type,Statement\n1,Text,a\n2,Text,b\n")
    let noImages = #expect(throws: Problem.self) { try MMVPFolder(url: folder.url) }
    #expect(noImages?.message == "\(folder.url.path) has no image folder")
  }

  @Test func scenesAreWrittenWithTheirCaptions() throws {
    let folder = try Folder()
    defer { folder.remove() }

    try MiniWorld().writeScenes(.unlabelled, count: 3, to: folder.url)

    let rows = try CSV.rows(in: Data(contentsOf: folder.url.appending(path: "captions.csv"))).map(\.fields)
    #expect(rows.map(\.first) == ["File", "00000.png", "00001.png", "00002.png"])
    let image = try Image(contentsOf: folder.url.appending(path: "00002.png"))
    #expect(image == MiniWorld().scene(.unlabelled, 2).render())
  }
}

/// A folder for one test.
private struct Folder {
  let url = URL.temporaryDirectory.appending(path: UUID().uuidString)

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: url) }
  func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: path).path) }

  func write(_ path: String, _ contents: String = "") throws {
    let file = url.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(contents.utf8).write(to: file)
  }

  /// A table, and images for the questions 1 and 2 of the type "Text".
  func writePair(questions: String) throws {
    try write("Questions.csv", questions)
    try write("MLLM_VLM_Images/Text/1.jpg")
    try write("MLLM_VLM_Images/Text/2.png")
  }
}
