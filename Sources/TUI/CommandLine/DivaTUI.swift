import ArgumentParser
import Engine
import Foundation
import Recap

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

  /// Requested help, or wrong usage. Arguments, perhaps a shell's from the names of files, are repeated without what
  /// could steer a terminal.
  private static func end(with error: any Error) -> Never {
    let status = exitCode(for: error)
    if status.isSuccess { exit(withError: error) }
    let text = fullMessage(for: error).withoutControlCharacters(keepingNewlines: true)
    FileHandle.standardError.write(Data((text + "\n").utf8))
    Foundation.exit(status.rawValue)
  }
}
