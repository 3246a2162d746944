import Engine
import Recap
import Terminal

/// What tuning changed, in colour only where the 95 % interval leaves zero.
extension EvaluationReport {
  var gainChange: (text: String, style: Style) { gain.change(isSure: interval95.leavesZero) }

  /// Beside an interval that is not known a change has no colour.
  var zeroShotWords: (text: String, style: Style) {
    zeroShotChange.change(isSure: zeroShotInterval95?.leavesZero ?? false)
  }

  /// nil where no retrieval set was scored.
  var retrievalWords: (text: String, style: Style)? {
    retrievalChange?.change(isSure: retrievalInterval95?.leavesZero ?? false)
  }
}

extension [Double] {
  /// Of an interval: both ends on one side.
  var leavesZero: Bool { count == 2 && (self[0] > 0 || self[1] < 0) }
}
