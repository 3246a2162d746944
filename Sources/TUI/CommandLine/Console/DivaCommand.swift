import ArgumentParser
import Engine
import Foundation

/// A subcommand: options, and work that speaks through a console, so that tests can listen.
protocol DivaCommand: ParsableCommand {
  var general: GeneralOptions { get }
  /// Whether Ctrl-C lets it finish what it is at and save.
  static var finishesStep: Bool { get }

  func work(_ console: Console) throws
}

extension DivaCommand {
  static var finishesStep: Bool { false }

  func run() throws {
    Interrupted.install(finishingStep: Self.finishesStep)
    general.computing.apply()
    try work(.standard())
  }
}
