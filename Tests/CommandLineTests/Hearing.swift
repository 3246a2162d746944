import ArgumentParser
import Engine
import Foundation

@testable import diva_tui
@testable import Recap

/// What a command said.
struct Hearing {
  var output = ""
  var log = ""

  var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// The lines as JSON objects; a line that is none throws.
  func objects() throws -> [[String: Any]] {
    try lines.map { line in
      guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        throw Problem("not a JSON object: \(line)")
      }
      return object
    }
  }
}

/// Runs a command in this process, as `diva-tui` would with these words, and hears what it says.
///
/// - Parameter patience: how often the command may ask whether it should stop before the answer is yes.
@discardableResult
func diva(
  _ words: [String], assets: String = "/nowhere", patience: Int = .max, hears: (Hearing) -> Void = { _ in }
) throws -> Hearing {
  var hearing = Hearing()
  var asked = 0
  let console = Console(
    output: { hearing.output += String(decoding: $0, as: UTF8.self) }, log: { hearing.log += $0 },
    environment: [Assets.variable: assets], isWatched: false,
    interruption: {
      asked += 1
      return asked > patience ? Interrupted(15) : nil
    })
  defer { hears(hearing) }
  guard let command = try DivaTUI.parseAsRoot(words) as? any DivaCommand else {
    throw Problem("\(words) is no command that can be heard")
  }
  command.general.computing.setThreads()
  try command.general.computing.arithmetic.during { try command.work(console) }
  return hearing
}

/// The status that the program would end with.
func status(_ words: [String], assets: String = "/nowhere") -> Int32 {
  do {
    try diva(words, assets: assets)
    return 0
  } catch is Problem {
    return 1
  } catch let signal as Interrupted {
    return signal.status
  } catch {
    return DivaTUI.exitCode(for: error).rawValue
  }
}

/// The one line on standard error of a command that fails; nil when it does not fail with a `Problem`.
func complaint(_ words: [String], assets: String = "/nowhere") -> String? {
  do {
    try diva(words, assets: assets)
    return nil
  } catch {
    return (error as? Problem)?.oneLine
  }
}
