import Foundation
import Glibc
import Testing

@testable import Engine
@testable import Recap
@testable import Terminal
@testable import diva_tui

/// The real program in a real terminal (tmux), as a person meets it.
@Suite("The explorer in a real terminal", .serialized, .enabled(if: Tmux.isInstalled, "tmux is not installed"))
struct EndToEndTests {
  @Test("opens, trains on the mini world, shows every screen, and leaves the shell as it was")
  func aWholeVisit() throws {
    let terminal = try Tmux(columns: 100, rows: 32)
    defer { terminal.end() }
    terminal.type("clear; '\(try Tmux.program())' --align-steps 2; echo \"left with status $?\"\n")
    try terminal.wait(for: "1 Train")
    try terminal.wait(for: #"step +[1-9][0-9]* of"#, seconds: 180)
    terminal.type("2")
    try terminal.wait(for: "noised", seconds: 30)
    terminal.type("3")
    try terminal.wait(for: #"[0-9]{3,} pairs"#, seconds: 60)
    terminal.type("4")
    try terminal.wait(for: "class only")
    terminal.type("+")
    try terminal.wait(for: "Density: 15 %")
    terminal.type("?")
    try terminal.wait(for: #"[0-9]{2,} found"#)
    terminal.type("suspend")
    try terminal.wait(for: "Suspend the program")
    terminal.resize(columns: 80, rows: 24)
    // The first leaves what was typed, the second the help.
    terminal.type("\u{1B}")
    try terminal.wait(for: #"[0-9]{2,} found"#)
    terminal.type("\u{1B}")
    try terminal.wait(for: "Density: 15 %")
    terminal.type("\u{3}")
    try terminal.wait(for: "left with status 130", seconds: 30)
    #expect(terminal.settings.contains(" echo "), "the terminal no longer echoes what is typed")
  }

  @Test("opens a run that has finished, with its curves, answers and pictures, and comes back from the shell")
  func aFinishedRun() throws {
    let (program, run) = (try Tmux.program(), NSTemporaryDirectory() + "diva-tui-run-\(UUID().uuidString)")
    let terminal = try Tmux(columns: 110, rows: 34)
    defer {
      terminal.end()
      try? FileManager.default.removeItem(atPath: run)
    }
    terminal.type("clear; '\(program)' train --steps 1 --align-steps 1 --batch 2 --out '\(run)'\n")
    try terminal.wait(for: "the run is in", seconds: 180)
    terminal.type("clear\n'\(program)' '\(run)'\n")
    try terminal.wait(for: "✓ finished", seconds: 30)
    try terminal.wait(for: "steps +1 of 1 in")
    terminal.type("3")
    try terminal.wait(for: #"[0-9]{3,} pairs"#, seconds: 120)
    terminal.type("2")
    try terminal.wait(for: "with the tuned CLIP of step 1", seconds: 120)
    terminal.type("6")
    try terminal.wait(for: "1 run ")
    terminal.type("\u{1A}")
    try terminal.wait(for: "Stopped")
    terminal.type("fg\n")
    try terminal.wait(for: "all steps are done")
    terminal.type("q")
    // Only the shell's own screen has that line.
    try terminal.wait(for: #"\$ fg"#, seconds: 30)
    #expect(terminal.settings.contains(" echo "), "the terminal no longer echoes what is typed")
  }

  @Test("a signal gives the terminal back and saves the run", arguments: ["TERM", "HUP", "USR1"])
  func signals(name: String) throws {
    let terminal = try Tmux(columns: 100, rows: 32)
    defer { terminal.end() }
    terminal.type("clear; sh -c 'echo $$ > pid; exec \"$0\"' '\(try Tmux.program())'; echo \"left with status $?\"\n")
    try terminal.wait(for: #"step +[1-9][0-9]* of"#, seconds: 180)

    let signal = try #require((1..<32).first { Interrupted($0).name == "SIG" + name })
    let pid = try String(contentsOfFile: terminal.home + "/pid", encoding: .utf8)
    kill(try #require(pid_t(pid.trimmingCharacters(in: .whitespacesAndNewlines))), signal)
    try terminal.wait(for: "left with status \(128 + signal)", seconds: 60)
    #expect(terminal.settings.contains(" echo "), "the terminal no longer echoes what is typed")
    let runs = terminal.home + "/.local/state/diva-tui/runs"
    let run = try RunFolder(opening: runs + "/" + #require(FileManager.default.contentsOfDirectory(atPath: runs).first))
    #expect(try run.history().reason == "SIG" + name)
    #expect(try Checkpoint.latest(in: run) != nil)
  }

  @Test("opens where the window has no size or its type is unknown here, and says so where the cursor cannot move")
  func oddTerminals() throws {
    let (terminal, program) = (try Tmux(columns: 100, rows: 30), try Tmux.program())
    defer { terminal.end() }
    terminal.type("clear; TERM=dumb '\(program)'; echo \"status $?\"\n")
    try terminal.wait(for: "cannot move its cursor")
    try terminal.wait(for: "status 1")
    for setting in ["TERM=xterm-unheard-of", "stty cols 0 rows 0;"] {
      terminal.type("clear; \(setting) '\(program)'; echo \"status $?\"\n")
      try terminal.wait(for: "1 Train", seconds: 60)
      terminal.type("\u{3}")
      try terminal.wait(for: "status 130", seconds: 30)
    }
  }

  @Test("waits for an answer that is late where it says whether the explorer can open, and leaves none to the shell")
  func aLateAnswer() throws {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (number, isLocked) = (Int32(0), Int32(0))
    // TIOCGPTN and TIOCSPTLCK, which Glibc's module lacks.
    try #require(ioctl(master, 0x8004_5430, &number) == 0 && ioctl(master, 0x4004_5431, &isLocked) == 0)
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(slave >= 0)
    defer { [master, slave].forEach { close($0) } }
    var window = winsize(ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(master, UInt(TIOCSWINSZ), &window) == 0)
    let home = NSTemporaryDirectory() + "diva-tui-late-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: home) }
    let explorer = Process()
    explorer.executableURL = URL(filePath: try Tmux.program())
    explorer.environment = ["TERM": "xterm-unheard-of", "HOME": home, "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"]
    explorer.standardInput = FileHandle(fileDescriptor: slave)
    explorer.standardOutput = FileHandle(fileDescriptor: slave)
    explorer.standardError = FileHandle(fileDescriptor: slave)
    try EndingSignals.unblocked { try explorer.run() }
    defer { if explorer.isRunning { kill(explorer.processIdentifier, SIGKILL) } }
    var shown: [UInt8] = []
    func wait(until isDone: () -> Bool) throws {
      let end = ContinuousClock.now + .seconds(60)
      while !isDone() {
        var output = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = poll(&output, 1, 100) > 0 ? read(master, &bytes, bytes.count) : 0
        shown += bytes.prefix(max(0, count))
        guard ContinuousClock.now < end else { throw Tmux.Failure(message: String(decoding: shown, as: UTF8.self)) }
      }
    }
    func isShown(_ text: String) -> Bool { String(decoding: shown, as: UTF8.self).contains(text) }
    try wait { isShown("\u{1B}[c") }
    Thread.sleep(forTimeInterval: 0.4)
    _ = write(master, "\u{1B}[?62;22c", 9)
    try wait { isShown("Train") }
    _ = write(master, "\u{3}", 1)
    try wait { !explorer.isRunning }
    #expect(explorer.terminationStatus == 130)
  }

  @Test("says calmly that a window is too small, and recovers when it grows")
  func aSmallWindow() throws {
    let terminal = try Tmux(columns: 50, rows: 12)
    defer { terminal.end() }
    terminal.type("clear; '\(try Tmux.program())'\n")
    try terminal.wait(for: "60")
    terminal.resize(columns: 100, rows: 30)
    try terminal.wait(for: "1 Train")
    terminal.type("\u{3}")
  }
}

/// A detached terminal of a given size with a plain shell in it, which knows no caches and runs but its own.
struct Tmux {
  private let socket: String
  /// Where all lies that programs in it keep; gone with the terminal.
  let home: String

  static var isInstalled: Bool { (try? run(["-V"])) != nil }

  /// The program that was built with these tests.
  static func program() throws -> String {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appending(path: "diva-tui").path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    throw Failure(message: "there is no diva-tui beside \(CommandLine.arguments[0])")
  }

  init(columns: Int, rows: Int) throws {
    // Suites visit side by side, each in a server of its own.
    socket = "diva-tui-test-\(UUID().uuidString)"
    home = NSTemporaryDirectory() + socket
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
    try Tmux.run([
      "-L", socket, "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)",
      "env -u XDG_STATE_HOME -u XDG_CACHE_HOME -u DIVA_TUI_CACHE HOME='\(home)' PS1='$ ' LC_ALL=C.UTF-8 sh -c 'cd; exec sh'",
    ])
  }

  func type(_ text: String) { _ = try? Tmux.run(["-L", socket, "send-keys", "-l", text]) }

  func resize(columns: Int, rows: Int) {
    _ = try? Tmux.run(["-L", socket, "resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  var screen: String { (try? Tmux.run(["-L", socket, "capture-pane", "-p"])) ?? "" }

  /// What stty says of the terminal, asked in the shell that is left.
  var settings: String {
    type("clear; stty -a\n")
    try? wait(for: "iutf8")
    return screen.replacing("\n", with: " ").replacing(";", with: " ")
  }

  func end() {
    _ = try? Tmux.run(["-L", socket, "kill-server"])
    try? FileManager.default.removeItem(atPath: home)
  }

  /// Looks again until the screen matches; the time is how long a slow machine may take, not how long it takes.
  func wait(for pattern: String, seconds: Double = 15) throws {
    let expression = try Regex(pattern)
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    while clock.now < end {
      if screen.contains(expression) { return }
      Thread.sleep(forTimeInterval: 0.05)
    }
    throw Failure(message: "no “\(pattern)” within \(seconds) s; the screen shows:\n\(screen)")
  }

  /// Runs tmux and returns what it prints.
  ///
  /// Not through Foundation's Process: it waits until nobody holds a descriptor that tmux's server inherits for good.
  @discardableResult
  private static func run(_ arguments: [String]) throws -> String {
    let path = NSTemporaryDirectory() + "diva-tui-tmux-\(UUID().uuidString)"
    defer { unlink(path) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    // The tests' threads may have signals blocked; a tmux that inherits that can neither see its children end nor be ended.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var nothing = sigset_t()
    sigemptyset(&nothing)
    posix_spawnattr_setsigmask(&attributes, &nothing)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words: [UnsafeMutablePointer<CChar>?] = (["tmux"] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var child: pid_t = 0
    guard posix_spawnp(&child, "tmux", &actions, &attributes, &words, environ) == 0 else {
      throw Failure(message: "tmux cannot be started")
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    guard status == 0 else { throw Failure(message: "tmux \(arguments) ended with status \(status)") }
    return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }

  struct Failure: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
  }
}
