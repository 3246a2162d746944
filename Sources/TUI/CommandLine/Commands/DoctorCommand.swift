import ArgumentParser
import CSixel
import Engine
import Foundation
import Recap
import Terminal

/// `diva-tui doctor`: what this machine and terminal can do.
struct DoctorCommand: DivaCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Show what this machine and terminal can do, with advice on what is missing.")

  @OptionGroup var general: GeneralOptions

  func work(_ console: Console) throws {
    let examination = Examination(environment: console.environment)
    try show(examination, examination.text, console)
  }
}

/// Everything that the doctor found out.
struct Examination: Encodable {
  let version = programVersion
  let machine: MachineFacts
  let terminal: TerminalFacts
  /// The embedded models' folder; nil when it cannot be found.
  let assets: String?
  /// What is missing, and what to do about it.
  let advice: [String]

  init(environment: [String: String]) {
    machine = MachineFacts()
    terminal = TerminalFacts(environment: environment)
    let found = Result { try Assets.mini(environment: environment).path }
    assets = try? found.get()
    var missing: [String] = []
    if case .failure(let error) = found { missing = [(error as? Problem)?.oneLine ?? "\(error)"] }
    advice = machine.advice + terminal.advice + missing
  }

  var text: String {
    let rows = [["diva-tui", version]] + machine.rows + terminal.rows + [["models", assets ?? "not found"]]
    let width = rows.map { $0[0].count }.max() ?? 0
    let lines = rows.map { $0[0] + String(repeating: " ", count: width + 2 - $0[0].count) + $0[1] }
    let todo = advice.isEmpty ? ["all is well"] : advice.map { "- \($0)" }
    return (lines + [""] + todo).joined(separator: "\n")
  }
}

/// Processor, threads and libraries.
struct MachineFacts: Encodable {
  let cpu: String
  /// The vector instructions there are, of those that the arithmetic can use.
  let cpuFeatures: [String]
  /// Cores of the machine; those that the process may run on; cores' worth of time by its control groups' quota.
  let cores: Int
  let usableCores: Int
  let cpuQuota: Double?
  let threads: Int
  let memoryBytes: UInt64
  let libraries: [String: String]
  /// What --precision bf16 multiplies with here: bf16, or f32 where the processor has nothing faster.
  let bf16Products: String
  /// Whose kernels take the products of matrices, as `DIVA_KERNELS` names them.
  let kernels: String
  /// The same, under its first name.
  let matrixProducts: String

  private static let useful = [
    "sse4_2", "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd",
  ]

  init(cpuinfo: String = "/proc/cpuinfo") {
    cpu = RunDescription.cpuName(cpuinfo: cpuinfo)
    let lines = (FileManager.default.contents(atPath: cpuinfo)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let flags = lines.split(separator: "\n").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") }
    let words = Set((flags ?? "").split(separator: " ").map(String.init))
    cpuFeatures = MachineFacts.useful.filter(words.contains)
    (cores, usableCores, cpuQuota) = (UsableCores.here.machine, UsableCores.here.allowed, UsableCores.here.quota)
    threads = ThreadPool.threads
    memoryBytes = ProcessInfo.processInfo.physicalMemory
    bf16Products = ArithmeticPolicy.hasBF16 ? "bf16" : "f32"
    kernels = GemmBackend.current.rawValue
    matrixProducts = kernels
    libraries = [
      "oneDNN": GemmBackend.oneDNNVersion, "sixel": LIBSIXEL_VERSION, "HDF5": hdf5Version() ?? "unknown",
      "Open MPI": (try? Ranks.version()) ?? "not found",
    ]
  }

  var rows: [[String]] {
    [
      ["processor", cpu], ["vectors", cpuFeatures.isEmpty ? "unknown" : cpuFeatures.joined(separator: " ")],
      ["precision", precisions], ["products", "\(kernels) kernels"],
      ["threads", "\(threads) on \(cores.counted("core"))" + limits],
      ["memory", Int(memoryBytes).byteText],
      ["libraries", libraries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")],
    ]
  }

  /// Why fewer threads than cores compute.
  private var limits: String {
    (usableCores == cores ? "" : ", \(usableCores) of them usable")
      + (cpuQuota.map { ", time for \($0.text(decimals: 1)) by a quota" } ?? "")
  }

  private var precisions: String {
    if bf16Products == "bf16" { return "f32, and bf16 in its own instructions" }
    let halvesWeights = GemmBackend.current.isOwn
    return "f32; bf16 " + (halvesWeights ? "halves frozen weights and computes in f32" : "computes in f32 too")
  }

  var advice: [String] {
    let vectors = Set(cpuFeatures).isDisjoint(with: ["avx2", "asimd"])
    return vectors ? ["this processor has no AVX2: everything works, several times slower"] : []
  }
}

/// The terminal, as far as it tells.
struct TerminalFacts: Encodable {
  let name: String
  let isTerminal: Bool
  let columns: Int?
  let rowCount: Int?
  /// Pixels of a character cell, width first.
  let cell: [Int]?
  let colors: String
  let utf8: Bool
  let sixel: Bool
  /// How it shows kitty's graphics: “direct”, “tmux” (placeholders), or not.
  let kitty: String?
  /// iTerm2's inline images.
  let inlineImages: Bool
  /// How the terminal names itself, and the one around tmux.
  let answersAs: String
  /// How pictures will be shown.
  let graphics: String
  /// tmux runs in a terminal with kitty's graphics but hands nothing on to it.
  private let blocksKitty: Bool

  init(environment: [String: String]) {
    isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    name = environment["TERM"] ?? "unknown"
    let size = TerminalWindow.current?.size
    (columns, rowCount) = (size?.columns, size?.rows)
    // The terminal is queried only when there is one.
    let found: TerminalCapabilities =
      isTerminal ? .ask(environment: environment) : TerminalCapabilities(environment: environment)
    cell = found.cell.map { [$0.width, $0.height] }
    // NO_COLOR is about text: a photo without its colours would be another photo.
    let refusesColor = !(environment["NO_COLOR"] ?? "").isEmpty
    colors =
      switch found.depth {
      case _ where refusesColor: "none in text, because of NO_COLOR; sixel pictures keep theirs"
      case .none: "none"
      case .eight: "8"
      case .cube256: "256"
      case .trueColor: "16 million"
      }
    (utf8, sixel, graphics) = (found.hasUTF8, found.hasSixel, found.graphics.rawValue)
    (kitty, inlineImages) = (found.kitty.map { $0 == .tmux ? "tmux" : "direct" }, found.hasInlineImages)
    answersAs = [found.name, found.tmux?.terminal ?? ""].filter { !$0.isEmpty }.joined(separator: " in ")
    blocksKitty = found.tmux.map { $0.hasPlaceholders && !$0.passesThrough } ?? false
  }

  var rows: [[String]] {
    let size = columns.flatMap { columns in rowCount.map { "\(columns) × \($0) cells" } } ?? "no terminal"
    let pixels = cell.map { ", \($0[0]) × \($0[1]) pixels each" } ?? ""
    return [
      ["terminal", "\(name.withoutControlCharacters())\(named), \(size)\(pixels)"], ["colours", colors],
      ["UTF-8", utf8 ? "yes" : "no"], ["kitty", affirmed(kitty != nil)], ["sixel", affirmed(sixel)],
      ["iterm2", affirmed(inlineImages)],
      ["pictures", graphics],
    ]
  }

  private var named: String { answersAs.isEmpty ? "" : " (\(answersAs.withoutControlCharacters()))" }

  private func affirmed(_ has: Bool) -> String { has ? "yes" : isTerminal ? "no" : "unknown: not on a terminal" }

  var advice: [String] {
    guard isTerminal else {
      return ["standard output is no terminal: run diva-tui doctor in the one that you will use"]
    }
    let (columns, rows) = (columns ?? 80, rowCount ?? 24)
    let remarks = [
      (
        !sixel && kitty == nil && !inlineImages,
        "no graphics: pictures are drawn with blocks; kitty, Ghostty, foot, WezTerm, xterm -ti vt340 and others have them"
      ),
      (blocksKitty, "tmux hands no pictures on to the terminal: put “set -g allow-passthrough on” into ~/.tmux.conf"),
      (!utf8, "the locale is not UTF-8: set LANG to C.UTF-8"),
      (["none", "8"].contains(colors), "few colours: set TERM to xterm-256color if that is true"),
      (columns < 80 || rows < 24, "the window is \(columns) × \(rows): 80 × 24 or more shows everything"),
    ]
    return remarks.filter(\.0).map(\.1)
  }
}
