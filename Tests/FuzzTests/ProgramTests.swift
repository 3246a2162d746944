import Foundation
import Glibc
import Testing

@testable import Engine

/// The program itself on spoilt files, as a person meets it: it ends by itself, with status 0 or 1, and after a failure
/// there is one clear error.
@Suite(.serialized)
struct ProgramTests {
  private static let environment = ProcessInfo.processInfo.environment
  /// Starting the program takes longer than reading: a fiftieth of the files.
  private static let count = max(4, (environment["DIVA_FUZZ_FILES"].flatMap(Int.init) ?? 0) / 50)
  private static let seed = environment["DIVA_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
  private static let readers = Reader.all.filter {
    $0.command != nil && environment["DIVA_FUZZ_READER"] ?? $0.name == $0.name
  }

  @Test("the program refuses spoilt files in a few words, and ends in no other way", arguments: readers)
  func spoilt(reader: Reader) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "diva-program-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (victims, file) = (try reader.victims(), folder.appending(path: "spoilt"))
    var (mutator, random) = (Mutator(seed: Self.seed), SplitMix(state: Self.seed))
    var tally: [Int32: Int] = [:]

    try Data(victims[0].bytes).write(to: file)
    let sound = try Program.run(try reader.command?(file, victims[0]) ?? [], in: folder)
    #expect(sound.status == 0 && sound.fault == nil, "a sound file of \(reader.name): \(sound)")
    for number in 0..<Self.count {
      let victim = victims[number % victims.count]
      let lie = number / victims.count % 2 == 1 ? try reader.lie?(victim, &random) : nil
      try Data(lie ?? mutator.mutant(of: victim.bytes, focus: victim.focus)).write(to: file)
      let end = try Program.run(try reader.command?(file, victim) ?? [], in: folder, besides: sound.log)
      if let fault = end.fault {
        let kept = folder.appending(path: "wrong-\(number)")
        try FileManager.default.copyItem(at: file, to: kept)
        Issue.record("\(victim.name) spoilt as in \(kept.path): \(fault)")
      }
      tally[end.status, default: 0] += 1
    }

    print("program, \(reader.name): \(tally[0] ?? 0) read, \(tally[1] ?? 0) refused")
    if tally.keys.allSatisfy({ $0 == 0 || $0 == 1 }) { try FileManager.default.removeItem(at: folder) }
  }
}

/// One run of the program that was built beside these tests.
private struct Program {
  let status: Int32
  let fault: String?
  let log: [Substring]

  private static let longest = 10.0

  /// - Parameter remarks: lines that say what was read, and no error.
  static func run(_ arguments: [String], in folder: URL, besides remarks: [Substring] = []) throws -> Program {
    let (output, log) = (folder.appending(path: "output"), folder.appending(path: "log"))
    let start = ContinuousClock.now
    let status = try spawn(
      ["timeout", "--signal=KILL", "\(6 * longest)", try executable().path] + arguments, output: output.path,
      log: log.path, cache: folder.path)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let texts = try [output, log].map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    let lines = texts[1].split(separator: "\n")
    let errors = lines.filter { !remarks.contains($0) }
    return Program(
      status: status, fault: fault(status, seconds, output: texts[0], log: texts[1], errors: errors.count), log: lines)
  }

  /// The exit status, or the negative number of the signal that ended the program.
  ///
  /// Not by Foundation's `Process`, which ended the tests themselves after some hundred programs.
  private static func spawn(_ command: [String], output: String, log: String, cache: String) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, path) in [(Int32(1), output), (2, log)] {
      posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    let variables = ProcessInfo.processInfo.environment.merging(["DIVA_TUI_CACHE": cache]) { $1 }
    let arguments = command.map { strdup($0) } + [nil]
    let environment = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var (child, status) = (pid_t(0), Int32(0))
    guard posix_spawnp(&child, command[0], &actions, nil, arguments, environment) == 0 else {
      throw Malformed("\(command[0]) does not start")
    }
    while waitpid(child, &status, 0) == -1 && errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
  }

  private static func fault(
    _ status: Int32, _ seconds: Double, output: String, log: String, errors: Int
  ) -> String? {
    if status != 0 && status != 1 { return "it ended with \(status): \(log.suffix(300))" }
    if seconds > longest { return "it took \(seconds) s" }
    if status == 1 && errors != 1 { return "\(errors) lines of error: \(log.prefix(500))" }
    if log.count > 2000 { return "\(log.count) letters of error: \(log.prefix(300))" }
    let steers = (output + log).unicodeScalars.contains { $0 != "\n" && $0.steersTerminals }
    return steers ? "control characters: \((output + log).debugDescription.prefix(500))" : nil
  }

  private static func executable() throws -> URL {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appending(path: "diva-tui")
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    throw Malformed("there is no diva-tui beside \(CommandLine.arguments[0])")
  }
}
