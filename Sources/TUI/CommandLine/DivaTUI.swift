import ArgumentParser
import Engine
import Foundation

/// The program: without a subcommand the explorer, otherwise the same work without a screen.
@main
struct DivaTUI: ParsableCommand {
  static let programVersion = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "diva-tui",
    abstract: "See diffusion feedback teach CLIP: DIVA in a terminal.",
    usage: "diva-tui [RUN ...]\ndiva-tui <subcommand>",
    discussion: "Without a subcommand it opens the explorer. Everything defaults to the embedded mini world, so that "
      + "each command runs as it stands.",
    version: programVersion,
    subcommands: [
      ExploreCommand.self, TrainCommand.self, EvaluateCommand.self, EncodeCommand.self, StepCommand.self,
      ReconstructCommand.self, SweepCommand.self, InspectCommand.self, ExportCommand.self, ReportCommand.self,
      PretrainCommand.self,
      WorldCommand.self, BenchCommand.self, DoctorCommand.self,
    ], defaultSubcommand: ExploreCommand.self)

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let problem as Problem {
      Console.standardError(problem.oneLine)
      Foundation.exit(1)
    } catch is Interrupted {
      Foundation.exit(Interrupted.status)
    } catch {
      end(with: error)
    }
  }

  /// Help that was asked for, or wrong usage. What was typed, perhaps by a shell from the names of files, is repeated
  /// without whatever it might do to a terminal.
  private static func end(with error: any Error) -> Never {
    let status = exitCode(for: error)
    if status.isSuccess { exit(withError: error) }
    let text = fullMessage(for: error).withoutControlCharacters(keepingNewlines: true)
    FileHandle.standardError.write(Data((text + "\n").utf8))
    Foundation.exit(status.rawValue)
  }
}

/// How many letters must be added, left out or replaced to make one name of the other (Levenshtein 1966).
enum NameDistance {
  static func between(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var next = [i + 1]
      for j in b.indices { next.append(min(row[j] + (letter == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)) }
      row = next
    }
    return row[b.count]
  }
}
