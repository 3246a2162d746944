import Foundation
import Testing
import TestSupport

@testable import Engine
@testable import Recap

/// Training on several ranks, as mpirun starts them.
@Suite(
  "Ranks under mpirun", .serialized,
  .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mpirun"), "Open MPI is not installed"))
struct RankTests {
  /// `$M -n N` starts N ranks, `ranks N RUN …` trains with them in ./RUN, `alone RUN …` without mpirun.
  ///
  /// A CLIP that counts as somebody's own is scored on 60 zero-shot images instead of 1,500, which would take minutes on
  /// several ranks of a program that is built for debugging.
  private static let functions = """
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_odls_base_sigkill_timeout=30 HOME=$PWD
    M="mpirun --oversubscribe --bind-to none" mini=$DIVA_TUI_ASSETS/mini
    small="--clip $mini/clip --diffusion $mini/diffusion --backbone custom --data world/images --mmvp world/mmvp"
    small+=" --align-steps 2 --draws 2 --density 0.3"
    ranks() { n=$1 out=$2; shift 2; $M -n $n "$P" train --out $out $small "$@"; }
    alone() { out=$1; shift; "$P" train --out $out $small "$@"; }

    """

  /// - Parameter pairs: of each pattern in ./world.
  private func shell(
    _ command: String, pairs: Int = 1, then: (_ folder: String, Ending) throws -> Void
  ) throws {
    let world = "\"$P\" world --out world --images 16 --pairs \(pairs) >world.log 2>&1\n"
    try bash(Self.functions + world + command, then: then)
  }

  /// All that training has made: the last checkpoint, and the log without times.
  private func result(_ folder: String, _ run: String) throws -> [Data] {
    let run = try RunFolder(opening: "\(folder)/\(run)")
    let checkpoint = try #require(try Checkpoint.latest(in: run))
    #expect(checkpoint.step == run.description.configuration.steps)
    let entries = try RunHistory.kept(run)
    return try ["model", "visual_proj", "optimizer", "align_optimizer"].map {
      try Data(contentsOf: URL(filePath: "\(checkpoint.path)/\($0).safetensors"))
    } + [Data(entries.utf8)]
  }

  @Test("make the weights, losses and answers of one process that takes the same parts, bit for bit, however many")
  func equality() throws {
    // A small evaluation, of 135 of the pairs, comes after ten steps.
    let (plan, runs) = ("--batch 6 --timesteps 1 --steps 11 --evaluate-every 100", ["one", "two", "four"])
    let started = zip([1, 2, 4], runs).map { "ranks \($0) \($1) \(plan) && " }.joined()
    try shell(started + "alone none \(plan) --batch-parts 6", pairs: 16) { folder, ending throws in
      #expect(ending.status == 0, "\(ending)")
      let expected = try result(folder, "none")
      #expect(try RunFolder(opening: "\(folder)/none").history().smallEvaluations.map(\.pairs) == [135])
      for run in runs { #expect(try result(folder, run) == expected, "\(run)") }
      #expect(ending.errors.components(separatedBy: "the run is in").count == 5)
    }
  }

  @Test("share out micro-batches that do not go into their number, parts of them, and a shuffled control")
  func uneven() throws {
    let plan = "--batch 5 --accumulate 2 --batch-parts 2 --shuffle-condition --steps 3 --evaluate-every 0"
    try shell("ranks 3 three \(plan) && alone none \(plan)") { folder, ending throws in
      #expect(ending.status == 0, "\(ending)")
      #expect(try result(folder, "three") == result(folder, "none"))
    }
  }

  @Test("stop saved by a signal, with its status, and go on bit for bit on another number of ranks")
  func resume() throws {
    let plan = "--batch 4 --steps 30 --checkpoint-every 10 --evaluate-every 0"
    let stop = "until stepped; do sleep 0.02; done; kill -USR1 $!; wait $!; echo $?"
    let stopped = "$M -n 2 \"$P\" train --out run $small \(plan) & \(stop)"
    try shell("alone none \(plan) --batch-parts 4; \(stopped); $M -n 3 \"$P\" train --resume run; echo $?") {
      folder, ending throws in
      #expect(ending.output.contains("138\n") && ending.output.hasSuffix("\n0\n"), "\(ending)")
      #expect(ending.errors.contains("go on with diva-tui train --resume run"))
      #expect(try result(folder, "run") == result(folder, "none"))
      #expect(try log(folder).contains { if case .stopped(_, "SIGUSR1") = $0 { true } else { false } })
    }
  }

  @Test("end with one line and a run that goes on when one of them is killed", arguments: [0, 1])
  func death(rank: Int) throws {
    let plan = "--batch 4 --steps 400 --checkpoint-every 2 --evaluate-every 0"
    let kill =
      "until [ -e run/checkpoint-2 ]; do sleep 0.02; done; for p in $(pgrep -P $!); do "
      + "grep -qz OMPI_COMM_WORLD_RANK=\(rank) /proc/$p/environ && kill -KILL $p; done; wait $!; echo $?"
    try shell("$M -n 2 \"$P\" train --out run $small \(plan) & \(kill)") { folder, ending throws in
      #expect(ending.output.hasSuffix("137\n"), "\(ending)")
      let own = ending.errors.split(separator: "\n").filter { $0.contains("diva-tui: rank \(rank) ") }
      #expect(own.count == 1 && own.first?.contains("--resume run") == true, "\(ending)")
      let run = try RunFolder(opening: folder + "/run")
      let saved = try #require(try Checkpoint.latest(in: run)).step
      let trained = try run.history().steps.count { $0.stage == .train }
      #expect(saved > 0 && (rank == 0 ? saved >= trained - 2 : saved == trained))
    }
  }

  @Test("refuse with one line what they cannot do")
  func refusals() throws {
    let cases = [
      ("$M -n 2 \"$P\" doctor", "of all commands train alone runs on several ranks"),
      ("$M -n 2 \"$P\" train --clip /no/where", "/no/where"),
      (
        "echo > libmpi.so.40; OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 LD_LIBRARY_PATH=$PWD \"$P\" train",
        "Open MPI was not found: "
      ),
    ]
    for (command, reason) in cases {
      try shell(command) { _, ending in
        let own = ending.errors.split(separator: "\n").filter { $0.hasPrefix("diva-tui: ") }
        #expect(ending.status == 1 && own.count == 1 && own.first?.contains(reason) == true, "\(ending)")
      }
    }
  }
}

extension RunHistory {
  /// What a run's log says in the end, without times.
  fileprivate static func kept(_ run: RunFolder) throws -> String {
    let history = try run.history()
    let steps = history.steps.map { "\($0.stage) \($0.step) \($0.loss.bitPattern) \($0.gradNorm.bitPattern)" }
    let evaluations = history.evaluations.map { evaluation in
      var timeless = evaluation
      timeless.seconds = nil
      return "\(timeless)"
    }
    let small = history.smallEvaluations.map { "\($0)" }
    return (steps + evaluations + small + history.predictions.map { "\($0)" }).joined(separator: "\n")
  }
}
