import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The settings in a run's folder")
struct TrainConfigurationTests {
  /// A run's folder whose run.json says `configuration`.
  private func open(_ configuration: String) throws -> TrainConfiguration {
    try withTemporaryFolder { parent in
      _ = try RunFolder.create(parent + "/run", .sample)
      let file = URL(fileURLWithPath: parent + "/run/run.json")
      var object =
        try JSONSerialization.jsonObject(with: Data(contentsOf: file), options: .mutableContainers) as? [String: Any]
      object?["configuration"] = try JSONSerialization.jsonObject(with: Data(configuration.utf8))
      try JSONSerialization.data(withJSONObject: object ?? [:]).write(to: file)
      return try RunFolder(opening: parent + "/run").description.configuration
    }
  }

  @Test("that an older program did not know mean what it did")
  func missing() throws {
    var expected = TrainConfiguration()
    expected.baselineShare = 0
    #expect(try open("{}") == expected)

    (expected.steps, expected.rate, expected.density) = (60, 3e-4, .fraction(0.3))

    #expect(try open(#"{"steps": 60, "rate": 3e-4, "density": "0.3"}"#) == expected)
  }

  @Test("are all read back, none stays at its default")
  func roundTrip() throws {
    let given = """
      {"accumulate":2,"alignRate":0.5,"alignSteps":3,"baselineShare":0.75,"batch":4,"batchParts":3,"checkpointEvery":5,"clipNorm":0.25,"density":"all",
      "draws":6,"evaluateEvery":7,"feedback":"diva","firstTimestep":8,"lastTimestep":9,"momentum":0.125,"optimizer":"sgd",
      "patience":13,
      "projectionRate":0.75,"rate":0.375,"seed":10,"shufflesCondition":true,"steps":11,"tuning":"lora","warmUpSteps":12,
      "weightDecay":0.0625}
      """

    let written = try RunJSON.line(try open(given))

    #expect(String(decoding: written, as: UTF8.self) == given.replacing("\n", with: ""))
    let (members, defaults) = try (Self.members(written), Self.members(RunJSON.line(TrainConfiguration())))
    #expect(members.keys == defaults.keys)
    // Others have no condition that could be shuffled.
    for name in members.keys where name != "feedback" {
      #expect(members[name] != defaults[name], "\(name) is at its default")
    }
    #expect(try open(#"{"feedback": "dcr"}"#).feedback == .dcr)
  }

  private static func members(_ json: Data) throws -> [String: NSObject] {
    try JSONSerialization.jsonObject(with: json) as? [String: NSObject] ?? [:]
  }

  @Test("are refused with their name when they are below or beyond all bounds")
  func bounds() throws {
    let numbers = try Self.members(RunJSON.line(TrainConfiguration())).filter {
      $0.value is NSNumber && $0.key != "shufflesCondition"
    }
    #expect(numbers.count == 20)
    for name in numbers.keys {
      for value in ["-1", "-0.5", "1e39", "\"NaN\"", "\"Infinity\"", "\"-Infinity\""] {
        #expect(
          problem { _ = try open("{\"\(name)\": \(value)}") }.contains("“configuration.\(name)”"), "\(name) \(value)")
      }
    }
  }

  @Test(
    "are refused with their name when they are unknown or of another type",
    arguments: [
      (#"{"stepz": 60}"#, "“configuration.stepz”: there is no such setting"),
      (
        #"{"feedback": "genie"}"#,
        "“genie” is no feedback; expected diva or dcr or unclip or genhancer or contrastive-anchor"
      ),
      (#"{"steps": "many"}"#, "“configuration.steps” is not of the type Int"),
      (#"{"steps": null}"#, "“configuration.steps” is null, expected Int"),
      (#"{"baselineShare": 1.5}"#, "“configuration.baselineShare”: 1.5 is out of bounds; expected 0.0 to 1.0"),
      (
        #"{"batch": 2, "batchParts": 3}"#, "“configuration.batchParts”: 3 is out of bounds; expected 1 to the batch's 2"
      ),
      (#"{"seed": -1}"#, "“configuration.seed”: the number does not fit UInt64"),
      (#"{"optimizer": "adam"}"#, "“configuration.optimizer”: “adam” is no optimizer; expected sgd or adamw"),
      (#"{"density": "some"}"#, "there is no recap density “some”"),
      ("[]", "“configuration” is not of the type"),
    ])
  func refused(configuration: String, reason: String) {
    let message = problem { _ = try open(configuration) }

    #expect(message.contains("/run: run.json is damaged: "), "\(message)")
    #expect(message.contains(reason), "\(message)")
  }
}
