import Engine
import Terminal

/// The explorer's screens, in the order of their digits.
enum Screen: Int, CaseIterable, Sendable {
  case train, reconstruct, pairs, density, runs

  var title: String {
    switch self {
    case .train: "Train"
    case .reconstruct: "Reconstruct"
    case .pairs: "Pairs"
    case .density: "Density"
    case .runs: "Runs"
    }
  }

  var keys: [Binding] {
    switch self {
    case .train: TrainScreen.keys
    case .reconstruct: ReconstructScreen.keys
    case .pairs: PairsScreen.keys
    case .density: DensityScreen.keys
    case .runs: RunsScreen.keys
    }
  }
}

/// Everything that decides what the screen shows.
struct ExplorerState: Equatable, Sendable {
  var screen = Screen.train
  var feed = Feed()
  var reconstruct = ReconstructScreen.State()
  var pairs = PairsScreen.State()
  var runs = RunsScreen.State()
  var graphics = Graphics.sixel
  /// The ways of showing pictures that `g` goes through.
  var graphicsChoices = Graphics.allCases
  var isHelpShown = false
  /// Quitting would lose something: has been asked, not yet answered.
  var asksBeforeQuitting = false
  /// One line above the footer: why a key did nothing, or what went wrong.
  var notice: Notice?
  /// Bytes of memory in use; nil where the system does not say.
  var memory: Int?
  /// The explorer's clock in seconds, as of the last tick.
  var now = 0.0

  /// The list of runs is there only when runs were given.
  var screens: [Screen] { Screen.allCases.filter { $0 != .runs || !runs.rows.isEmpty } }

  struct Notice: Equatable, Sendable {
    var text: String
    var isProblem = false
    /// When it vanishes, on the explorer's clock. A problem stays until a key is pressed.
    var until: Double?
  }

  /// Says for a few seconds why a key did nothing, or what it did: soon that is no longer so.
  mutating func hint(_ text: String) { notice = Notice(text: text, until: now + 5) }
}
