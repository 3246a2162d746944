import Engine
import Recap
import Terminal

/// Everything that decides what the screen shows.
struct ExplorerState: Equatable, Sendable {
  private var screenIndex = 0
  /// The screen that is shown: one of `Explorer.screens`.
  var screen: any Screen.Type {
    get { Explorer.screens[screenIndex] }
    set { screenIndex = Explorer.screens.firstIndex { $0 == newValue } ?? screenIndex }
  }
  var feed = Feed()
  var train = TrainScreen.State()
  var reconstruct = ReconstructScreen.State()
  var pairs = PairsScreen.State()
  var sweep = DensityScreen.Sweep()
  var blend = BlendScreen.State()
  var runs = RunsScreen.State()
  var models = ModelsScreen.State()
  /// The evaluation that is looked at; nil follows the newest.
  var step: Int?
  var graphics = Graphics.sixel
  /// The ways of showing pictures that `g` goes through.
  var graphicsChoices = Graphics.allCases
  /// Whether a person chose the way, so that a better one that is found later changes nothing.
  var areGraphicsChosen = false
  /// What curves are drawn with.
  var markers = Markers.braille
  /// Whether the mouse belongs to the explorer; else the terminal selects text with it.
  var usesMouse = true
  /// Whether colours are for a light ground.
  var isLight = false
  /// The help, while it is shown.
  var help: Help?
  /// The line behind “:”, while it is written.
  var command: TextEntry?
  /// Lines that were written there, the newest last.
  var commandHistory: [String] = []
  /// Shown, not yet answered.
  var question: Question?
  /// Requested of the run, not yet done.
  var pending: Pending?
  /// The line that says what the screen shows.
  var isIntroductionShown = true
  /// Above the footer: why a key did nothing, or what went wrong.
  var notice: Notice?
  /// Bytes of memory in use; nil where the system does not say.
  var memory: Int?
  /// The explorer's clock in seconds, as of the last tick.
  var now = 0.0

  /// The density that is looked at: of patches and pictures. Training has its own, the run's.
  var density: RecapDensity { reconstruct.density ?? feed.run.density }
  var densityInfo: DensityInfo? { feed.run.densities.rows.first { $0.density == density } }

  /// Whether a run is under way here, on the screens or in the list, that is saved when the program ends.
  var isTraining: Bool { feed.isTraining || runs.rows.contains { $0.status == .running } }

  /// Where the run lies that was trained here, to be named when the program ends.
  var trainedFolder: String? {
    feed.run.isFollowed || feed.history.steps.isEmpty || feed.run.path.isEmpty ? nil : feed.run.path
  }

  /// The help: what it is narrowed down to, and how far it is scrolled.
  struct Help: Equatable, Sendable {
    var search = TextEntry()
    /// The first entry that is shown.
    var top = 0

    /// After a key; nil where it leaves the help.
    func taking(_ key: Key, of entries: Int) -> Help? {
      var help = self
      let moves: [Key: Int] = [.up: -1, .down: 1, .pageUp: -8, .pageDown: 8, .home: -entries, .end: entries]
      if let move = moves[key] {
        help.top = max(0, min(top + move, entries - 1))
        return help
      }
      if search.text.isEmpty, [.escape, .enter, "?"].contains(key) { return nil }
      switch help.search.take(key, history: []) {
      case .finished: return nil
      // Esc leaves one layer: first the search.
      case .left: return Help()
      case .changed: help.top = 0
      case .ignored: break
      }
      return help
    }
  }

  struct Notice: Equatable, Sendable {
    /// One below the other.
    var texts: [String]
    var isProblem = false
    /// When it vanishes, on the explorer's clock. A problem stays until a key is pressed.
    var until: Double?
  }

  /// Until when letters are text that was meant for a line that could not be opened, on the explorer's clock.
  private var refusesLettersUntil: Double?

  /// The line that a key opens cannot be written now; who types fast has not seen that yet.
  mutating func refuseLine() { refusesLettersUntil = now + 1.5 }

  /// Whether this key is text for a line that was refused; a pause, or any other key, ends that.
  mutating func isRefused(_ key: Key) -> Bool {
    guard case .character = key, let until = refusesLettersUntil, now < until else {
      refusesLettersUntil = nil
      return false
    }
    refuseLine()
    return true
  }

  /// Whether letters are text now.
  var isWriting: Bool { help != nil || command != nil || screen.isWriting(self) }

  /// A person chooses how pictures are shown.
  mutating func choose(_ graphics: Graphics) { (self.graphics, areGraphicsChosen) = (graphics, true) }

  /// Takes up how pictures can be shown here, the best first.
  mutating func offer(_ choices: [Graphics]) {
    graphicsChoices = choices
    if !areGraphicsChosen || !choices.contains(graphics), let best = choices.first { graphics = best }
  }

  /// Says for a few seconds why a key did nothing, or what it did: soon that is no longer so.
  mutating func hint(_ text: String) { notice = Notice(texts: [text], until: now + 5) }

  /// Says what went wrong, below what has gone wrong since the last key.
  mutating func report(_ problem: Problem) {
    let earlier = notice.flatMap { $0.isProblem ? $0.texts : nil } ?? []
    let text = [problem.message, problem.advice].compactMap(\.self).joined(separator: "; ")
    notice = Notice(texts: earlier.filter { $0 != text } + [text], isProblem: true)
  }
}
