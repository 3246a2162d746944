import Foundation

@testable import Engine
@testable import Recap

/// Benchmarks of fine detail, tables of similarities, corrections of labels, and data sets, whose pictures are real.
extension Reader {
  static let benchmarks =
    [
      ("Winoground", "winoground"), ("NaturalBench", "naturalbench"), ("ColorSwap", "colorswap"), ("VisMin", "vismin"),
      ("EqBen", "eqben"), ("What'sUp A", "whatsup-a"), ("What'sUp B", "whatsup-b"),
      ("What'sUp of photos", "whatsup-photos"), ("SugarCrepe", "sugarcrepe"), ("SugarCrepe++", "sugarcrepe++"),
      ("ARO", "aro"), ("VL-CheckList", "vl-checklist"), ("SPEC", "spec"),
    ].map(pairs) + [similarities, corrections, zeroShot, retrieval]

  private static func pairs(_ name: String, _ folder: String) -> Reader {
    Reader(
      name: name, victims: { try tables(in: "benchmarks/" + folder) },
      lie: { victim, random in
        victim.name.hasSuffix(".jsonl") ? JSONLies.lieInLines(victim, &random) : JSONLies.lie(victim, &random)
      },
      read: { file, victim in
        try inFixture(file, victim) { copy in
          // The benchmark that the file belongs to, and what else is found in the folder.
          for files in try BenchmarkFiles.all(at: copy.path) { try check(files, in: copy) }
        }
      })
  }

  private static func check(_ files: BenchmarkFiles, in folder: URL) throws {
    for pair in files.pairs {
      guard pair.statements.allSatisfy({ !$0.isEmpty && $0 == $0.withoutControlCharacters() }) else {
        throw Malformed("statements \(pair.statements)")
      }
      for image in pair.imageURLs where !image.path.hasPrefix(folder.path) { throw Malformed(image.path) }
    }
    let names = files.skipped.map(\.id) + files.pairs.map(\.id)
    guard names.allSatisfy({ $0 == $0.withoutControlCharacters() }) else { throw Malformed("ids \(names)") }
    guard files.expected >= files.pairs.count, files.pairs.chance <= 1 else { throw Malformed("counts") }
  }

  /// Rows of similarities: what is written of them reads the same.
  private static let similarities = Reader(
    name: "similarities",
    victims: {
      let text = """
        id,T0_I0,T0_I1,T1_I0,T1_I1,category
        1,0.31,0.25,0.2,0.3,"colour, shape"
        2,0.31,,0.2,,
        3,0.31,0.25,,,number

        """
      return [Victim(name: "similarities.csv", bytes: Array(text.utf8))]
    }, lie: { LineLies.lie($0, &$1, separator: UInt8(ascii: ",")) },
    read: { file, _ in
      let (files, answers) = try SimilarityTable.read(file.path)
      _ = PairScores(answers, of: files)
      let again = file.appendingPathExtension("again")
      try Data(SimilarityTable.text(answers).utf8).write(to: again)
      guard try SimilarityTable.read(again.path).answers.map(\.values) == answers.map(\.values) else {
        throw Malformed("similarities that change when they are written")
      }
    },
    command: { file, _ in
      // By its ending it is told from a benchmark's file.
      let table = file.appendingPathExtension("csv")
      try Data(contentsOf: file).write(to: table)
      return ["evaluate", "--benchmark", table.path]
    })

  /// Beside Winoground, whose file it corrects.
  private static let corrections = Reader(
    name: "corrections.json",
    victims: {
      let data = try Data(contentsOf: Victim.fixtures.appending(path: "benchmarks/winoground/examples.jsonl"))
      let text = """
        {"benchmark": "winoground", "file": "examples.jsonl", "sha256": "\(SHA256.text(of: data))",
         "corrections": [{"id": "0", "swap": true}, {"id": 1, "leaveOut": true}]}
        """
      return [Victim(name: "benchmarks/winoground/corrections.json", bytes: Array(text.utf8))]
    }, lie: JSONLies.lie,
    read: { file, victim in
      try inFixture(file, victim) { copy in
        let files = try BenchmarkFiles(at: copy.path)
        guard files.corrected <= files.expected else { throw Malformed("\(files.corrected) corrections") }
        try check(files, in: copy)
      }
    })

  /// Classes, templates, labels in shards, CIFAR's binaries.
  private static let zeroShot = Reader(
    name: "zero-shot set",
    victims: {
      try [
        "wds_tiny/classnames.txt", "wds_tiny/zeroshot_classification_templates.txt", "wds_tiny/test/nshards.txt",
        "wds_tiny/test/0.tar", "cifar-10-batches-bin/batches.meta.txt", "cifar-10-batches-bin/test_batch.bin",
        "cifar-100-binary/fine_label_names.txt", "cifar-100-binary/test.bin",
      ].map { try .fixture("sets/" + $0) }
    }, lie: lieInSet,
    read: { file, victim in
      try inFixture(file, victim) { copy in
        let set = try ZeroShotSet(at: copy.path)
        guard set.images.count == set.labels.count, set.labels.allSatisfy(set.classes.indices.contains) else {
          throw Malformed("\(set.images.count) images with \(set.labels.count) labels of \(set.classes.count) classes")
        }
        for image in 0..<set.images.count { _ = try set.images.image(image) }
      }
    })

  /// Captions of COCO, Flickr30k, Karpathy's split, and in shards.
  private static let retrieval = Reader(
    name: "captions",
    victims: {
      try [
        "coco/captions_val2017.json", "coco/coco_karpathy_test.json", "coco/dataset_coco.json",
        "flickr30k/flickr30k_test_karpathy.txt", "flickr30k/results_20130124.token", "wds_captions/dataset_type.txt",
        "wds_captions/test/0.tar",
      ].map { try .fixture("sets/" + $0) }
    }, lie: lieInSet,
    read: { file, victim in
      try inFixture(file, victim) { copy in
        // Of several files the one that is spoilt.
        let isTable = !victim.name.contains("wds_")
        let path = isTable ? copy.path + "/" + victim.name.split(separator: "/").dropFirst(2).joined() : copy.path
        let set = try RetrievalSet(at: path)
        guard set.captions.allSatisfy({ $0 == $0.withoutControlCharacters() }) else { throw Malformed("captions") }
        guard set.imageOfCaption.allSatisfy((0..<set.imageCount).contains) else { throw Malformed("images") }
        for image in 0..<set.imageCount { _ = try set.images.image(image) }
      }
    })

  /// By the kind of the file; an archive's headers get right checksums.
  @Sendable private static func lieInSet(_ victim: Victim, _ random: inout SplitMix) -> [UInt8] {
    var mutator = Mutator(seed: random.next())
    switch victim.name.split(separator: ".").last {
    case "json": return JSONLies.lie(victim, &random)
    case "tar": return Victim.signed(mutator.mutant(of: victim.bytes, focus: [0..<512, 1024..<1536]))
    case "bin": return mutator.mutant(of: victim.bytes, focus: [0..<2])
    default: return LineLies.lie(victim, &random, separator: UInt8(ascii: " "))
    }
  }

  /// All that is JSON in a folder of fixtures and below it.
  private static func tables(in folder: String) throws -> [Victim] {
    let root = Victim.fixtures.appending(path: folder).path
    let names = try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
    return try names.filter { $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") }.map { try .fixture("\(folder)/\($0)") }
  }
}

/// A copy of the fixture, two folders deep, in which the spoilt file takes its victim's place.
private func inFixture<R>(_ file: URL, _ victim: Victim, _ body: (URL) throws -> R) throws -> R {
  let parts = victim.name.split(separator: "/").map(String.init)
  return try inFolder(
    file, of: parts.prefix(2).joined(separator: "/"), as: parts.dropFirst(2).joined(separator: "/"), body)
}
