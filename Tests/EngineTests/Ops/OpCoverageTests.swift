import Engine
import Foundation
import TestSupport
import Testing

@Suite("The table of op cases is complete")
struct OpCoverageTests {
  @Test("every public op has a case")
  func everyOp() throws {
    let declared = try publicOps(in: "Sources/Engine/Ops") + ["sliced", "reshaped"]

    let missing = Set(declared).subtracting(OpCase.small.map(\.op)).subtracting(notOps)

    #expect(declared.count > 25, "the declarations were not found")
    #expect(missing.isEmpty, "no case in Sources/Engine/OpCases/SmallCases.swift for \(missing.sorted())")
  }

  @Test("names are unique, so that each case has numbers of its own")
  func names() {
    let twice = Dictionary(grouping: OpCase.small, by: \.name).filter { $0.value.count > 1 }

    #expect(twice.isEmpty, "\(twice.keys.sorted())")
  }

  @Test("every fixture belongs to a case")
  func fixtures() throws {
    let cases = Set(OpCase.small.map(\.name))
    let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.folder.appending(path: "ops").path)

    let written = try files.flatMap { try Fixture("ops/" + $0.replacing(".safetensors", with: "")).groups }

    #expect(written.count == cases.count, "ops.py has \(written.count) cases, the table \(cases.count)")
  }
}

/// Public functions in the ops' files that compute nothing.
private let notOps: Set<String> = ["same"]

/// The names of public functions and operators in a folder's Swift files.
private func publicOps(in folder: String) throws -> [String] {
  let root = Fixture.folder.appending(path: "../..").standardizedFileURL
  let files = try FileManager.default.contentsOfDirectory(
    at: root.appending(path: folder), includingPropertiesForKeys: nil)
  return try files.filter { $0.pathExtension == "swift" }.flatMap { file in
    try String(contentsOf: file, encoding: .utf8).matches(of: /public (?:static )?func ([^\s(<]+)/).map {
      String($0.output.1)
    }
  }
}
