import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// Files of benchmarks as the field has them: with holes, doubles, and what no program expects.
@Suite struct BadBenchmarkTests {
  private func write(_ text: String, _ path: String) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  private func picture(_ path: String, _ width: Int = 4, _ height: Int = 4) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Image(width: width, height: height, pixels: [UInt8](repeating: 99, count: 3 * width * height)).writePNG(to: url)
  }

  private func square(_ id: String, _ image: String = "a.png", _ caption: String = "a") -> String {
    #"{"id": \#(id), "image_0": "\#(image)", "image_1": "b.png", "caption_0": "\#(caption)", "caption_1": "b", "tag": "x"}"#
  }

  @Test func missingImagesAreNamedAndNeverScored() throws {
    try withFolder { folder in
      try picture(folder + "/images/a.png")
      try picture(folder + "/images/b.png")
      try write(
        [square("0"), square("1", "gone.png"), square("2")].joined(separator: "\n"), folder + "/examples.jsonl")

      let files = try BenchmarkFiles(at: folder)

      #expect(files.pairs.map(\.id) == ["0", "2"])
      #expect(files.skipped.map(\.id) == ["1"])
      #expect(files.skipped[0].reason.message.hasSuffix("examples.jsonl, record 2: there is no image gone.png"))
      let scores = PairScores(files.pairs.map { SimilarityMatrix($0, [2, 1, 1, 2]) }, of: files).scores
      #expect(scores.map(\.used) == [2, 2, 2, 2] && scores.map(\.expected) == [3, 3, 3, 3])
    }
  }

  @Test func anImageThatCannotBeDecodedIsNoAnswer() {
    let pair = ImagePair(index: 0, pattern: nil, statements: ["a", "b"])

    #expect(PairRule.allCases.allSatisfy { $0.isRight(SimilarityMatrix(pair, [.nan, 1, .nan, 2])) == nil })
  }

  @Test func noImageAtAllSaysWhereTheyGo() throws {
    try withFolder { folder in
      try write(square("0"), folder + "/examples.jsonl")

      let problem = #expect(throws: Problem.self) { try BenchmarkFiles(at: folder) }

      #expect(problem?.oneLine.contains("none of the 1 pairs of Winoground") == true)
      #expect(problem?.oneLine.contains("--images") == true)
    }
  }

  @Test func theImagesMayLieElsewhere() throws {
    try withFolder { folder in
      try picture(folder + "/far/a.png")
      try picture(folder + "/far/b.png")
      try write(square("0"), folder + "/wino/examples.jsonl")

      #expect(try BenchmarkFiles(at: folder + "/wino", images: folder + "/far").pairs.count == 1)
    }
  }

  @Test func aDoubledIDIsLeftOutAndNamed() throws {
    try withFolder { folder in
      try picture(folder + "/a.png")
      try picture(folder + "/b.png")
      try write([square("7"), square("7")].joined(separator: "\n"), folder + "/examples.jsonl")

      let files = try BenchmarkFiles(at: folder)

      #expect(files.pairs.count == 1 && files.expected == 2)
      #expect(files.skipped[0].reason.message.hasSuffix("record 2: the id 7 is that of record 1, too"))
    }
  }

  @Test func namesMayBeOfAnyScriptAndStatementsOfAnyLength() throws {
    try withFolder { folder in
      let long = Array(repeating: "word", count: 3000).joined(separator: " ")
      // Stored with a letter and an accent, named with one letter.
      try picture(folder + "/images/Bildü 猫.png".decomposedStringWithCanonicalMapping)
      try picture(folder + "/images/b.png")
      try write(square("0", "Bildü 猫.png", long), folder + "/examples.jsonl")

      let pair = try BenchmarkFiles(at: folder).pairs[0]

      #expect(pair.statements[0].split(separator: " ").count == 3000)
      _ = try Image(contentsOf: pair.imageURLs[0])
    }
  }

  @Test func controlCharactersAreTakenOut() throws {
    try withFolder { folder in
      try picture(folder + "/a.png")
      try picture(folder + "/b.png")
      try write(square("0", "a.png", #"a\u001b[31m red\ncup"#), folder + "/examples.jsonl")

      let files = try BenchmarkFiles(at: folder)

      #expect(files.pairs[0].statements[0] == "a[31m red cup" && files.cleanedStatements == 1)
    }
  }

  @Test("Boxes that are no part of an image are refused", arguments: [(0, 0, 0, 3), (1, 1, 3, -2), (50, 2, 3, 3)])
  func boxes(x: Int, y: Int, width: Int, height: Int) throws {
    try withFolder { folder in
      try picture(folder + "/images/1.jpg", 10, 8)
      let good =
        #"{"image_path": "1.jpg", "bbox_x": 6, "bbox_y": 1, "bbox_w": 6, "bbox_h": 3, "true_caption": "a", "false_caption": "b", "relation_name": "on"}"#
      let bad = good.replacing("6,", with: "\(x),").replacing("\"bbox_w\": \(x)", with: "\"bbox_w\": \(width)")
        .replacing("\"bbox_y\": 1", with: "\"bbox_y\": \(y)").replacing("\"bbox_h\": 3", with: "\"bbox_h\": \(height)")
      try write("[\(good), \(bad)]", folder + "/visual_genome_relation.json")

      let files = try BenchmarkFiles(at: folder)
      let read = files.pairs.map { pair in
        Result { try ImageFiles(files: [.init(path: pair.imageURLs[0].path, crop: pair.crop)]).image(0) }
      }

      // What leaves the image is black, as in Pillow.
      let part = try read[0].get()
      #expect(part.width == 6 && part.height == 3 && part.pixels[0] == 99 && part.pixels[3 * 5] == 0)
      let message = files.skipped.first?.reason.message ?? "\((read[1].failure as? Problem)?.message ?? "")"
      #expect(message.contains("the box \(x), \(y), \(width) × \(height) is no part of"))
    }
  }

  @Test func emptyCategoriesAreKept() throws {
    try withFolder { folder in
      try picture(folder + "/val2017/1.jpg")
      try write(
        #"{"0": {"filename": "1.jpg", "caption": "a", "negative_caption": "b"}}"#, folder + "/data/add_att.json")
      try write("{}", folder + "/data/swap_obj.json")

      let files = try BenchmarkFiles(at: folder)
      let scores = PairScores(files.pairs.map { SimilarityMatrix($0, [2, 1]) }, of: files)

      #expect(files.categories.map(\.name) == ["add_att", "swap_obj"])
      #expect(scores.parts[1].scores.map(\.used) == [0] && scores.means.isEmpty)
      #expect(scores.parts[1].scores[0].percent == 0)
    }
  }

  @Test(
    "A table that cannot be right is refused with its place",
    arguments: [
      (
        #"[{"id": 0, "image_0": "a.png", "image_1": "b.png", "caption_0": "a", "caption_1": "b", "tag": ""}, {"id": 1}]"#,
        "record 2: “caption_0” is missing, or no text"
      ),
      (#"[{"id": 0, "#, "not valid JSON"),
      (#"{"a": 1}"#, "is no list of records"),
    ])
  func badTables(text: String, reason: String) throws {
    try withFolder { folder in
      try write(text, folder + "/metadata.json")

      let problem = #expect(throws: Problem.self) { try BenchmarkFiles(at: folder) }

      #expect(problem?.message.contains(reason) == true, "\(problem?.message ?? "")")
    }
  }

  @Test func aPathOutOfTheFolderIsRefused() throws {
    try withFolder { folder in
      try picture(folder + "/secret.png")
      try picture(folder + "/w/b.png")
      try picture(folder + "/w/a.png")
      try write([square("0"), square("1", "../secret.png")].joined(separator: "\n"), folder + "/w/examples.jsonl")

      let files = try BenchmarkFiles(at: folder + "/w")

      #expect(files.skipped.map(\.reason.message.count).count == 1)
      #expect(files.skipped[0].reason.message.contains("leads out of the folder"))
    }
  }

  // MARK: - Corrections

  private func corrected(_ corrections: String, sum: String? = nil, in folder: String) throws -> BenchmarkFiles {
    try picture(folder + "/a.png")
    try picture(folder + "/b.png")
    let table = [square("0"), square("1"), square("2")].joined(separator: "\n")
    try write(table, folder + "/examples.jsonl")
    let digest = sum ?? SHA256.text(of: Data(table.utf8))
    try write(
      #"{"benchmark": "winoground", "file": "examples.jsonl", "sha256": "\#(digest)", "corrections": [\#(corrections)]}"#,
      folder + "/corrections.json")
    return try BenchmarkFiles(at: folder)
  }

  @Test func labelsAreCorrected() throws {
    try withFolder { folder in
      let files = try corrected(#"{"id": 1, "swap": true}, {"id": "2", "leaveOut": true}"#, in: folder)

      #expect(files.pairs.map(\.statements) == [["a", "b"], ["b", "a"]])
      #expect(files.corrected == 1 && files.expected == 3)
      #expect(files.skipped.map(\.id) == ["2"])
    }
  }

  @Test(
    "Corrections of another file are refused",
    arguments: [
      (#"{"id": 1, "swap": true}"#, "00", "corrects another examples.jsonl"),
      (#"{"id": 9, "swap": true}"#, nil, "there is no record 9"),
      (#"{"id": 1}"#, nil, "expected an id, and swap, leaveOut or right"),
      (#"{"id": 1, "right": "a"}"#, nil, "is none of its statements"),
    ] as [(String, String?, String)])
  func foreignCorrections(text: String, sum: String?, reason: String) throws {
    try withFolder { folder in
      let problem = #expect(throws: Problem.self) { try corrected(text, sum: sum, in: folder) }

      #expect(problem?.message.contains(reason) == true, "\(problem?.message ?? "")")
    }
  }

  @Test func theRightStatementCanBeCorrected() throws {
    try withFolder { folder in
      try picture(folder + "/1.jpg")
      let table = #"[{"image_path": "x/1.jpg", "caption_options": ["a", "b", "c"]}]"#
      try write(table, folder + "/coco_order.json")
      try write(
        #"{"benchmark": "aro-coco-order", "file": "coco_order.json", "sha256": "\#(SHA256.text(of: Data(table.utf8)))", "corrections": [{"id": 0, "right": "c"}]}"#,
        folder + "/corrections.json")

      #expect(try BenchmarkFiles(at: folder).pairs[0].statements == ["c", "a", "b"])
    }
  }
}

extension Result {
  fileprivate var failure: (any Error)? { if case .failure(let error) = self { error } else { nil } }
}
