/// What TensorBoard shows of a log entry: scalars by tag, at a step.
///
/// | tag | of |
/// |---|---|
/// | `align/…`, `train/…`: `loss`, `lr`, `gradNorm`, `imagesPerSecond` | steps of the stage |
/// | `pairs/baseline`, `pairs/tuned`, `pairs/gain` | per cent of pairs right, and the difference in points |
/// | `pairs/fixed`, `pairs/broken`, `pairs/pValue` | the paired comparison |
/// | `zeroShot/baseline`, `zeroShot/tuned` | per cent of zero-shot images right |
/// | `pattern/NAME` | per cent of the pattern's pairs that the tuned CLIP gets right |
extension LogEntry {
  var scalars: (step: Int, values: [(tag: String, value: Double)])? {
    switch self {
    case .step(let report):
      let values = [
        ("loss", Double(report.loss)), ("lr", Double(report.lr)), ("gradNorm", Double(report.gradNorm)),
        ("imagesPerSecond", report.imagesPerSecond),
      ]
      return (report.step, values.map { ("\(report.stage.rawValue)/\($0)", $1) })
    case .evaluation(let report):
      let values = [
        ("pairs/baseline", 100 * report.baselineAccuracy), ("pairs/tuned", 100 * report.tunedAccuracy),
        ("pairs/gain", report.gain), ("pairs/fixed", Double(report.fixed)), ("pairs/broken", Double(report.broken)),
        ("pairs/pValue", report.pValue), ("zeroShot/baseline", report.baselineZeroShot),
        ("zeroShot/tuned", report.tunedZeroShot),
      ]
      return (report.step, values + zip(report.patterns, report.tunedPerPattern).map { ("pattern/\($0)", $1) })
    default: return nil
    }
  }
}
