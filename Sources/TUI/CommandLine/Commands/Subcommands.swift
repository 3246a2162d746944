import ArgumentParser
import Engine

/// What the program can do.
enum Subcommands {
  static let all: [any ParsableCommand.Type] = [
    ExploreCommand.self, TrainCommand.self, EvaluateCommand.self, EncodeCommand.self, StepCommand.self,
    ReconstructCommand.self, SweepCommand.self, InspectCommand.self, ExportCommand.self, ReportCommand.self,
    PretrainCommand.self, WorldCommand.self, BenchCommand.self, DoctorCommand.self,
  ]

  /// The command that a mistyped name is likely to mean.
  static func near(_ name: String) -> String? {
    all.compactMap { $0.configuration.commandName }.first { NameDistance.between($0, name) <= 2 }
  }
}
