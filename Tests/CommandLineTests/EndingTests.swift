import Foundation
import Testing
import TestSupport

@testable import Engine
@testable import Recap
@testable import Terminal

/// How the built program ends, by signals and streams, in a shell.
@Suite("However the program ends", .serialized)
struct EndingTests {
  @Test(
    "a signal lets the step end, saves, says so, and gives 128 and its number; a second changes nothing",
    arguments: ["HUP", "USR1", "XCPU"])
  func signals(name: String) throws {
    try bash("run & end -\(name)") { folder, ending throws in
      let number = try #require((1..<32).first { Interrupted($0).name == "SIG" + name })
      #expect(ending.status == 128 + number, "\(ending)")
      #expect(ending.errors.contains("SIG\(name): finishing the step and saving the run"))
      #expect(ending.errors.contains("go on with diva-tui train --resume run"))
      let run = try RunFolder(opening: folder + "/run")
      let step = try #require(run.history().steps.last?.step)
      #expect(try log(folder).last == .stopped(step: step, cause: "SIG" + name))
      #expect(try Checkpoint.latest(in: run)?.step == step && run.status() == .stopped)
    }
  }

  @Test("the third signal, or a second after five seconds, ends at once what takes long")
  func impatience() throws {
    let kill = "kill -TERM $!; sleep 0.1"
    for rest in [kill + "; " + kill, "sleep 5.1; " + kill] {
      let begin = "run --batch 2048 & until [ -e run/log.jsonl ]; do sleep 0.1; done; sleep 1"
      try bash("\(begin); \(kill); \(rest); wait $!") { folder, ending throws in
        #expect(ending.status == 143 && !ending.errors.contains("go on with"), "\(ending)")
        let entries = try log(folder)
        #expect(entries.isEmpty)
      }
    }
  }

  @Test("a signal that was ignored at the start stays ignored")
  func ignored() throws {
    try bash("trap '' HUP INT USR1; run & (end -HUP); kill -INT $!; kill -USR1 $!; sleep 1; end -TERM") {
      folder, ending throws in
      #expect(ending.status == 143, "\(ending)")
      #expect(try RunFolder(opening: folder + "/run").history().reason == "SIGTERM")
    }
  }

  @Test("a reader that has gone ends a training saved, and any command with 141")
  func brokenPipe() throws {
    try bash("(run --json) | head -1; exit ${PIPESTATUS[0]}") { folder, ending throws in
      #expect(ending.status == 141 && ending.output.split(separator: "\n").count == 1, "\(ending)")
      let steps = try RunFolder(opening: folder + "/run").history().steps.count
      #expect(try log(folder).last == .stopped(step: steps, cause: "SIGPIPE"))
      #expect(try Checkpoint.latest(in: RunFolder(opening: folder + "/run"))?.step == steps)
    }
    try bash("\"$P\" doctor | true; exit ${PIPESTATUS[0]}") { _, ending in
      #expect(ending.status == 141 && ending.errors.isEmpty, "\(ending)")
    }
  }

  @Test(
    "closed and full streams leave the log clean", arguments: [">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full"])
  func streams(redirection: String) throws {
    try bash("run --json \(redirection) & end -TERM") { folder, ending throws in
      #expect(ending.status == 143, "\(ending)")
      #expect(try log(folder).last.map { if case .stopped = $0 { true } else { false } } == true)
    }
    try bash("\"$P\" --bogus \(redirection)") { _, ending in #expect(ending.status == 64, "\(ending)") }
  }

  @Test(
    "a closed standard output is an error where the result goes there", arguments: ["doctor", "--help", "--version"])
  func closedOutput(command: String) throws {
    try bash("\"$P\" \(command) >&-") { _, ending in
      #expect(ending.status == 1 && ending.errors.contains("standard output: it is closed"), "\(ending)")
    }
  }

  @Test("a full standard output is an error in plain words, which the run's log and report repeat")
  func fullOutput() throws {
    let words = "cannot write to standard output: No space left on device"
    for command in ["doctor", "--help", "help train"] {
      try bash("\"$P\" \(command) >/dev/full") { _, ending in
        #expect(ending.status == 1 && ending.errors.hasPrefix("diva-tui: \(words)"), "\(ending)")
      }
    }
    try bash("(run --json) >/dev/full || \"$P\" report run") { folder, ending throws in
      #expect(ending.output.hasPrefix("run run: failed\nreason     \(words): check"), "\(ending)")
      #expect(try Checkpoint.latest(in: RunFolder(opening: folder + "/run"))?.step == 1)
    }
  }

  @Test("a limit of the file size is an error of the write, and leaves nothing")
  func fileSize() throws {
    try bash("ulimit -f 40; \"$P\" export --format hf --out exported; ls -A exported | grep tmp") { _, ending in
      #expect(ending.errors.contains("cannot write") && ending.errors.contains("File too large"), "\(ending)")
      #expect(ending.output.isEmpty)
    }
  }

  /// Whether a file system of this test's own may be mounted.
  private static let canMount: Bool = {
    let child = Process()
    child.executableURL = URL(filePath: "/usr/bin/unshare")
    child.arguments = ["--mount", "mount", "-t", "tmpfs", "test", "/mnt"]
    child.standardError = FileHandle.nullDevice
    return (try? child.run()).map { child.waitUntilExit() } != nil && child.terminationStatus == 0
  }()

  @Test(
    "a full file system ends a training with the reason, not in the exit handler of HDF5",
    .enabled(if: EndingTests.canMount, "file systems cannot be mounted here"), arguments: ["40k", "4m"])
  func fullDisk(size: String) throws {
    let training = "mount -t tmpfs -o size=\(size) test disk && run --out disk/run --checkpoint-every 3"
    let functions = "export P plan; export -f run; mkdir disk; unshare --mount bash -c"
    try bash("\(functions) '\(training)'; echo $?") { _, ending in
      let status = ending.output.split(separator: "\n").last
      #expect(status == "1" && ending.errors.contains("No space left on device"), "\(ending)")
    }
  }

  @Test("commands that save nothing end at once", arguments: ["sweep density", "bench --part mini --repeat 999"])
  func atOnce(command: String) throws {
    try bash("\"$P\" \(command) & sleep 1.5; kill -TERM $!; wait $!") { _, ending in
      #expect(ending.status == 143 && !ending.errors.contains("rror"), "\(ending)")
    }
  }

  @Test("threads that compute block signals, and one other thread does not")
  func masks() throws {
    let show = "grep -h SigBlk /proc/$!/task/*/status | cut -f2"
    try bash("run --threads 3 & until [ -s run/log.jsonl ]; do sleep 0.1; done; \(show); end -TERM") { _, ending in
      let masks = ending.output.split(separator: "\n").compactMap { UInt64($0, radix: 16) }
      let asynchronous = [1, 2, 3, 10, 12, 14, 15, 24, 26, 27, 29, 30, 34, 64].map { UInt64(1) << ($0 - 1) }
      let open = masks.filter { mask in !asynchronous.allSatisfy { mask & $0 != 0 } }
      #expect(masks.count == 4 && open.count == 1, "\(ending)")
      #expect(open.allSatisfy { $0 & (1 << 26) == 0 })
    }
  }

  @Test("a storm of another's handlers changes no bit")
  func storm() throws {
    let profiler = """
      #include <signal.h>
      #include <sys/time.h>
      static void nothing(int n) { (void)n; }
      __attribute__((constructor)) static void begin(void) {
        struct sigaction a = {.sa_handler = nothing, .sa_flags = SA_RESTART};
        struct itimerval t = {{0, 250}, {0, 250}};
        sigaction(SIGPROF, &a, 0);
        setitimer(ITIMER_PROF, &t, 0);
      }
      """
    let command = """
      cat > prof.c <<'END'
      \(profiler)
      END
      cc -shared -fPIC -o prof.so prof.c || exit 99
      export DIVA_KERNELS=onednn
      finish() { until [ -e run/checkpoint-10/manifest.json ]; do sleep 0.1; kill -0 $! || exit 1; done; end -TERM; }
      run --checkpoint-every 10 & finish
      mv run calm
      for threads in 1 2; do
        LD_PRELOAD=./prof.so run --checkpoint-every 10 --threads $threads & finish
        cmp run/checkpoint-10/model.safetensors calm/checkpoint-10/model.safetensors && mv run same$threads
      done
      """
    try bash(command) { folder, ending throws in
      #expect(ending.status == 0, "\(ending)")
      let runs = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("same") }
      #expect(runs.count == 2, "\(ending)")
    }
  }

  @Test("one allowed core is one thread, and doctor says so")
  func cores() throws {
    try bash("taskset -c 0 \"$P\" doctor --json; taskset -c 0 \"$P\" doctor") { _, ending in
      #expect(ending.output.contains(#""threads":1,"#) && ending.output.contains(#""usableCores":1"#), "\(ending)")
      #expect(UsableCores.here.machine == 1 || ending.output.contains(", 1 of them usable"), "\(ending)")
    }
  }
}
