import Engine
import Foundation
import Testing

/// Every reader on spoilt files: each is refused in words or read into something sound; no crash, no hang, no flood.
///
/// A few hundred files by default; `make fuzz` spoils thousands (`FILES` for each reader, `SEED` for other ones,
/// `READER` for one of them by its name).
/// After a crash or a hang the file that did it lies in the folder that the test printed.
@Suite(.serialized)
struct FuzzTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["DIVA_FUZZ_FILES"].flatMap(Int.init) ?? 40
  private static let seed = environment["DIVA_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
  private static let readers = Reader.all.filter { environment["DIVA_FUZZ_READER"] ?? $0.name == $0.name }

  /// A debug build on a busy machine; valid files take a few milliseconds.
  private static let longest = Duration.seconds(10)
  private static let largestProcess = 3 << 30

  @Test("spoilt files are refused in words or read into something sound", arguments: readers)
  func spoilt(reader: Reader) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "diva-fuzz-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var mutator = Mutator(seed: Self.seed)
    var random = SplitMix(state: Self.seed)
    var tally = Tally()

    for victim in try reader.victims() { tally += try read(victim.bytes, of: victim, by: reader, in: folder) }
    #expect(tally.refused == 0, "a valid file of \(reader.name) was refused")
    let victims = try reader.victims()
    for number in 0..<Self.count {
      let victim = victims[number % victims.count]
      // In turns where the format has its own lies.
      let lie = number / victims.count % 2 == 1 ? try reader.lie?(victim, &random) : nil
      let mutant = lie ?? mutator.mutant(of: victim.bytes, focus: victim.focus)
      tally += try read(mutant, of: victim, by: reader, in: folder)
    }

    print("\(reader.name): \(tally)")
    #expect(tally.refused > 0 && tally.slowest < Self.longest)
    #expect(Self.peakMemory < Self.largestProcess, "\(reader.name) took \(Self.peakMemory >> 20) MiB")
    if tally.wrong == 0 { try FileManager.default.removeItem(at: folder) }
  }

  private struct Tally: CustomStringConvertible {
    var read = 0, refused = 0, wrong = 0
    var slowest = Duration.zero

    static func += (sum: inout Tally, other: Tally) {
      sum.read += other.read
      sum.refused += other.refused
      sum.wrong += other.wrong
      sum.slowest = max(sum.slowest, other.slowest)
    }

    var description: String { "\(read) read, \(refused) refused, \(wrong) wrong, slowest \(slowest)" }
  }

  /// Reads one file that lies on disk, so that it is still there when the process is not.
  private func read(_ bytes: [UInt8], of victim: Victim, by reader: Reader, in folder: URL) throws -> Tally {
    let file = folder.appending(path: "spoilt")
    try Data(bytes).write(to: file)
    var tally = Tally()
    let start = ContinuousClock.now
    // Ends the process when a reader hangs; nothing less would stop it.
    alarm(60)
    do {
      try reader.read(file, victim)
      tally.read = 1
    } catch let problem as Problem {
      tally.refused = 1
      if let fault = fault(of: problem) { tally.wrong = try keep(file, of: victim, fault) }
    } catch {
      tally.wrong = try keep(file, of: victim, "\(error)")
    }
    alarm(0)
    tally.slowest = ContinuousClock.now - start
    return tally
  }

  /// Why a person could not work with the refusal.
  private func fault(of problem: Problem) -> String? {
    let text = problem.description
    if problem.message.isEmpty { return "a refusal without words" }
    if text.split(separator: "\n").count > 3 { return "a refusal of many lines: \(text)" }
    if text.count > 1000 { return "a refusal of \(text.count) letters: \(text.prefix(100))" }
    let isClean = text == text.withoutControlCharacters(keepingNewlines: true)
    return isClean ? nil : "a refusal with control characters"
  }

  private func keep(_ file: URL, of victim: Victim, _ fault: String) throws -> Int {
    let kept = file.deletingLastPathComponent().appending(path: "wrong-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: file, to: kept)
    Issue.record("\(victim.name) spoilt as in \(kept.path): \(fault.prefix(300))")
    return 1
  }

  /// The most memory that this process ever took, in bytes.
  static var peakMemory: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }
}
