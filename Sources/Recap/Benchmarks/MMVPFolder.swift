import Engine
import FoundationEssentials

/// The MMVP-VLM benchmark, or any other set of pairs in its layout.
///
///     DIR/Questions.csv                        Question ID, Type, Statement: two rows a pair, ids 1, 2, 3 …
///     DIR/MLLM_VLM_Images/<Type>/<id>.jpg      one image for each row
///
/// The image folder may also be called `MLLM_VLM Images` or `MMVP_VLM_Images`, a type may be written with spaces or
/// underscores, and images may be .jpg, .jpeg, .png or .webp: all of these exist in published copies.
public struct MMVPFolder: Sendable {
  public static let questionsFile = "Questions.csv"
  public static let imageFolders = ["MLLM_VLM_Images", "MLLM_VLM Images", "MMVP_VLM_Images"]
  private static let extensions = ["jpg", "png", "jpeg", "webp", "JPG", "PNG", "JPEG"]

  public let url: URL
  public let pairs: [ImagePair]
  /// Pairs without one of their images.
  public let skipped: [SkippedPair]
  /// Statements from which control characters were taken out.
  public let cleanedStatements: Int

  /// Reads the questions and finds every image; does not decode them.
  ///
  /// Throws a `Problem` that names the file and the line for a table that cannot be right: a missing column, a field too
  /// many, a bad id, half a pair; and when no pair has its images.
  public init(url: URL) throws {
    self.url = url
    let questions = try Self.questions(in: url)
    let patterns = try Self.patterns(of: questions, in: url)
    let imageFolder = try Self.imageFolder(in: url)
    cleanedStatements = questions.count(where: \.isCleaned)
    var pairs: [ImagePair] = []
    var skipped: [SkippedPair] = []
    for (index, pattern) in patterns.enumerated() {
      let two = Array(questions[2 * index...2 * index + 1])
      guard two[0].id % 2 == 1 && two[1].id % 2 == 0 else {
        throw Self.problem(
          "the ids \(two[0].id) and \(two[1].id) make no pair", at: two[0].line, in: url,
          advice: "The first statement of a pair has an odd id, the second an even one.")
      }
      do throws(Problem) {
        // Like the reference, both images come from the folder that the first row names.
        let first = try Self.image(two[0], type: two[0].type, in: imageFolder, of: url)
        let second = try Self.image(two[1], type: two[0].type, in: imageFolder, of: url)
        pairs.append(
          ImagePair(
            index: index, pattern: pattern, questionIDs: two.map(\.id), statements: two.map(\.statement),
            imageURLs: [first, second]))
      } catch {
        skipped.append(
          SkippedPair(questionIDs: two.map(\.id), category: PairCategory(pattern), reason: error))
      }
    }
    if let first = skipped.first, pairs.isEmpty { throw first.reason }
    (self.pairs, self.skipped) = (pairs, skipped)
  }

  private struct Question {
    let line: Int, id: Int
    let type: String, statement: String
    let isCleaned: Bool
  }

  private static func questions(in url: URL) throws -> [Question] {
    let file = url.appending(path: questionsFile)
    let data = try SmallFile.read(file.path, advice: "An MMVP folder holds Questions.csv beside its image folder.")
    var rows: [CSV.Row]
    do {
      rows = try CSV.rows(in: data)
    } catch let problem as Problem {
      throw Problem("cannot read \(file.path): \(problem.message)", advice: problem.advice)
    }
    guard !rows.isEmpty else {
      throw Problem("\(file.path) is empty", advice: "Expected the columns Question ID, Type and Statement.")
    }
    let width = rows[0].fields.count
    let columns = try columns(of: rows.removeFirst(), in: url)
    // Spreadsheets leave rows of commas behind.
    rows.removeAll { $0.fields.allSatisfy { $0.allSatisfy(\.isWhitespace) } }
    let questions = try rows.map { try question($0, columns: columns, in: url, width: width) }
    guard !questions.isEmpty && questions.count % 2 == 0 else {
      throw Problem(
        "\(file.path) has \(questions.count.counted("question"))", advice: "Expected two for each pair of images.")
    }
    var lines: [Int: Int] = [:]
    for question in questions {
      if let first = lines.updateValue(question.line, forKey: question.id) {
        throw problem(
          "the id \(question.id) is that of line \(first), too", at: question.line, in: url,
          advice: "Each question has an id of its own.")
      }
    }
    return questions
  }

  /// Where id, type and statement stand: by name, or in that order when there are three columns of other names.
  private static func columns(of header: CSV.Row, in url: URL) throws -> [Int] {
    let names = header.fields.map { $0.lowercased().filter { !$0.isWhitespace && $0 != "_" } }
    let found = ["questionid", "type", "statement"].compactMap { names.firstIndex(of: $0) }
    if found.count == 3 { return found }
    if header.fields.count == 3 { return [0, 1, 2] }
    throw problem(
      "a column is missing: there are \(header.fields.map { "\"\($0)\"" }.joined(separator: ", ").shown)",
      at: header.line,
      in: url, advice: "Expected Question ID, Type and Statement.")
  }

  /// Fields beyond the header's would be the rest of a statement with a comma, unless they are empty.
  private static func question(_ row: CSV.Row, columns: [Int], in url: URL, width: Int) throws -> Question {
    guard let last = columns.max(), last < row.fields.count, row.fields.dropFirst(width).allSatisfy(\.isEmpty) else {
      throw problem(
        "there are \(row.fields.count) fields", at: row.line, in: url,
        advice: "Expected an id, a type and a statement; put a statement with commas in quotes.")
    }
    let fields = columns.map { row.fields[$0] }
    guard let id = Int(fields[0].filter { !$0.isWhitespace }), id > 0 else {
      throw problem("\"\(fields[0].shown)\" is no question id", at: row.line, in: url, advice: "Ids are 1, 2, 3 …")
    }
    let spaced = String(fields[2].map { $0.isNewline || $0 == "\t" ? " " : $0 })
    let statement = spaced.withoutControlCharacters()
    guard statement.contains(where: { !$0.isWhitespace }) else {
      throw problem("the statement is empty", at: row.line, in: url, advice: "Each image has a statement.")
    }
    return Question(
      line: row.line, id: id, type: fields[1], statement: statement,
      isCleaned: !statement.unicodeScalars.elementsEqual(spaced.unicodeScalars))
  }

  /// One pattern for each pair. Nine equal blocks are the nine patterns in order, whatever their names: so the
  /// reference counts. Any other set is read by its type names.
  private static func patterns(of questions: [Question], in url: URL) throws -> [Pattern] {
    let firsts = stride(from: 0, to: questions.count, by: 2).map { questions[$0] }
    let types = firsts.map(\.type)
    let block = types.count / 9
    let hasNineBlocks =
      block > 0 && types.count % 9 == 0
      && types.indices.allSatisfy { types[$0] == types[$0 / block * block] } && Set(types).count == 9
    return try firsts.enumerated().map { index, question in
      if hasNineBlocks { return Pattern.allCases[index / block] }
      if let pattern = Pattern(typeName: question.type) { return pattern }
      throw problem(
        "the type \"\(question.type.shown)\" is none of MMVP's", at: question.line, in: url,
        advice: "Expected one of: " + Pattern.allCases.map(\.typeName).joined(separator: ", ") + ".")
    }
  }

  private static func imageFolder(in url: URL) throws -> URL {
    let folders = imageFolders.map { url.appending(path: $0) }
    guard let folder = folders.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw Problem("\(url.path) has no image folder", advice: "Expected \(imageFolders.joined(separator: " or ")).")
    }
    return folder
  }

  private static func image(_ question: Question, type: String, in folder: URL, of url: URL) throws(Problem) -> URL {
    let types = [type, type.replacing(" ", with: "_"), type.replacing("_", with: " ")]
    let candidates = types.filter(isPlainName).flatMap { type in
      extensions.map { folder.appending(path: type).appending(path: "\(question.id).\($0)") }
    }
    guard let image = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw problem(
        "there is no image \(type.shown)/\(question.id).jpg (or .png, .jpeg, .webp) in \(folder.lastPathComponent)",
        at: question.line, in: url, advice: "Each question has an image of its id, in the folder of its type.")
    }
    return image
  }

  /// A type comes from strangers: it must not point outside the image folder.
  private static func isPlainName(_ type: String) -> Bool {
    !["", ".", ".."].contains(type) && !type.unicodeScalars.contains { $0 == "/" || $0 == "\0" }
  }

  private static func problem(_ what: String, at line: Int, in url: URL, advice: String) -> Problem {
    Problem("\(url.appending(path: questionsFile).path), line \(line): \(what)", advice: advice)
  }
}
