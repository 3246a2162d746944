import Engine
import Terminal

/// What the charts of a run have in common.
enum RunCharts {
  /// Where a setting was changed.
  static func marks(_ feed: Feed) -> [LineChart.Mark] {
    feed.history.densityChanges.map { (Double($0.step), "▲ \($0.density.label)") }
  }

  /// What will fill an empty chart, and when.
  static func waiting(_ feed: Feed, for what: String) -> String {
    switch feed.session.status {
    case .loading(let doing): "\(what) will be shown here. Now: \(doing) …"
    case .failed(let problem): problem.message
    case .ready, .stopped, .finished, .crashed:
      feed.run.isFollowed
        ? "\(what) would be shown here, but the run ended first."
        : "\(what) will be shown here. Press n to start training."
    case .silent: "\(what) would be shown here, but its files hold none."
    case .running, .paused, .live: "\(what) will be shown here."
    }
  }
}
