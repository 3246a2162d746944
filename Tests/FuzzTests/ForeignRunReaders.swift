import Engine
import Foundation

@testable import Explorer
@testable import Recap
@testable import diva_tui

extension Reader {
  static let foreignRuns = [eventFile, trainerState, wandb]

  /// Half of the lies have right checksums, so that they reach what is behind that check.
  private static let eventFile = Reader(
    name: "TensorBoard event file",
    victims: {
      try [
        "tensorboard/events.out.tfevents.1700000000.host.1.0",
        "tensorboard_tensors/events.out.tfevents.1700000000.host.1.0",
      ]
      .map { try .fixture("foreign_runs/" + $0) }
    },
    lie: { victim, random in
      var (mutator, framed) = (Mutator(seed: random.next()), [UInt8]())
      var bytes = victim.bytes[...]
      while bytes.count >= 16 {
        let length = Int(bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        var record = Array(bytes.dropFirst(12).prefix(length))
        if Int.random(in: 0..<8, using: &random) == 0 {
          record = mutator.mutant(of: record, focus: [0..<min(record.count, 40)])
        }
        func number<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
          withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        let head = number(UInt64(record.count))
        framed += head + number(CRC32C.masked(head)) + record + number(CRC32C.masked(record))
        bytes = bytes.dropFirst(16 + length)
      }
      return framed
    },
    read: { file, _ in try check(file, as: "events.out.tfevents.1.spoilt") },
    command: { file, _ in [try folder(file, as: "events.out.tfevents.1.spoilt")] })

  private static let trainerState = Reader(
    name: "trainer_state.json", victims: { [try .fixture("foreign_runs/trainer/trainer_state.json")] },
    lie: JSONLies.lie, read: { file, _ in try check(file, as: "trainer_state.json") },
    command: { file, _ in [try folder(file, as: "trainer_state.json")] })

  private static let wandb = Reader(
    name: "wandb",
    victims: { [try .fixture("foreign_runs/wandb/offline-run-20260101_000000-abcd1234/run-abcd1234.wandb")] },
    lie: { victim, random in
      // Pieces of the right length with other bytes and right checksums.
      var (bytes, at) = (victim.bytes, 7)
      while at + 7 <= bytes.count {
        let left = 32768 - at % 32768
        guard left >= 7 else {
          at += left
          continue
        }
        let length = Int(bytes[at + 4]) | Int(bytes[at + 5]) << 8
        guard length > 0, at + 7 + length <= bytes.count else { break }
        if Int.random(in: 0..<16, using: &random) == 0 {
          bytes[.random(in: at + 7..<at + 7 + length, using: &random)] = .random(in: .min ... .max, using: &random)
        }
        var sum = CRC32()
        bytes[at + 6..<at + 7 + length].withUnsafeBytes { sum.update($0) }
        for index in 0..<4 { bytes[at + index] = UInt8(truncatingIfNeeded: sum.value >> (8 * UInt32(index))) }
        at += 7 + length
      }
      return bytes
    },
    read: { file, _ in try check(file, as: "run-spoilt.wandb") },
    command: { file, _ in [try folder(file, as: "run-spoilt.wandb")] })

  private static func folder(_ file: URL, as name: String) throws -> String {
    let folder = file.deletingLastPathComponent().appending(path: "foreign")
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: file, to: folder.appending(path: name))
    return folder.path
  }

  /// Report, row and curves of the run that is left.
  private static func check(_ file: URL, as name: String) throws {
    guard var run = try ForeignRun(recognizing: folder(file, as: name)) else { throw Malformed("not recognized") }
    guard run.readNew().isEmpty else { throw Malformed("entries that come twice") }
    let report = ForeignReport(run)
    _ = try RunJSON.pretty(report)
    let row = FollowedForeignRun(run, name: run.name, number: 0).row
    for text in [report.text] + run.remarks + row.facts.map(\.value) + run.history.scalars.orderedTags
    where text != text.withoutControlCharacters(keepingNewlines: true) {
      throw Malformed("words that no terminal should see")
    }
    for (tag, points) in run.history.scalars.series
    where zip(points, points.dropFirst()).contains(where: { $0.step >= $1.step }) {
      throw Malformed("\(tag) goes back")
    }
    for picture in run.history.scalars.pictures.values.joined() { _ = try? picture.image() }
  }
}
