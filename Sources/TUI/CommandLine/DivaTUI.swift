import ArgumentParser
import Engine
import Foundation
import Recap
import Terminal

/// The program: without a subcommand the explorer, otherwise the same work without a screen.
@main
struct DivaTUI: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diva-tui",
    abstract: "Watch diffusion feedback improve CLIP: DIVA in a terminal.",
    usage: "diva-tui [RUN ...]\ndiva-tui <subcommand>",
    discussion: "Without a subcommand it opens the explorer. Everything defaults to the embedded mini world, so that "
      + "each command runs as it stands.",
    version: programVersion,
    subcommands: Subcommands.all, defaultSubcommand: ExploreCommand.self)

  static func main() {
    EndingSignals.begin()
    do {
      do {
        try GemmBackend.requireChosen()
        var command = try parseAsRoot(joiningNegativeValues(Array(CommandLine.arguments.dropFirst())))
        if let job = RankEnvironment.here, job.count > 1, !(command is TrainCommand) {
          throw Problem("of all commands train alone runs on several ranks", advice: "start this one without mpirun")
        }
        try command.run()
      } catch  where exitCode(for: error).isSuccess {
        let help = fullMessage(for: error)
        try Console.requireOutput()
        if !help.isEmpty, RankEnvironment.speaks { try Console.standard().output(Data((help + "\n").utf8)) }
      }
    } catch {
      Foundation.exit(status(explaining: error))
    }
  }

  /// "--step -3" as "--step=-3": the parser takes a value that begins with a dash for an option, and says that there is none.
  static func joiningNegativeValues(_ arguments: [String]) -> [String] {
    var joined: [String] = []
    for (place, argument) in arguments.enumerated() {
      if argument == "--" { return joined + arguments[place...] }
      let isNegative = argument.first == "-" && argument.dropFirst().first?.isNumber == true
      if isNegative, let option = joined.last, option.hasPrefix("--"), !option.contains("=") {
        joined[joined.count - 1] = option + "=" + argument
      } else {
        joined.append(argument)
      }
    }
    return joined
  }

  /// The exit status, once the reason is on standard error. Arguments, perhaps a shell's from the names of files, are
  /// repeated without what could steer a terminal.
  private static func status(explaining error: any Error) -> Int32 {
    switch error {
    case let problem as Problem:
      if RankEnvironment.speaks { Console.standardError(problem.oneLine) }
      return 1
    case let code as ExitCode:
      return code.rawValue
    case let interrupted as Interrupted:
      return interrupted.status
    default:
      let text = fullMessage(for: error).withoutControlCharacters(keepingNewlines: true)
      if RankEnvironment.speaks { Console.standardError(text: text + "\n") }
      return exitCode(for: error).rawValue
    }
  }
}
