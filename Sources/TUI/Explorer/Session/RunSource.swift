/// Where the run on the screens comes from: its log on disk, which is followed whether the run is live or finished, or
/// the training session here. It is shown as it stands; from then on each entry of its log follows, once.
protocol RunSource {
  var opened: OpenedRun { get }
}

extension Reporter {
  func show(_ source: some RunSource) { post(.opened(source.opened)) }
}
