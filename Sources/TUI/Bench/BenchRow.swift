import Engine

/// One sample, as the processes answer it; of the peer's side seconds and memory only.
struct BenchSample: Codable {
  let seconds: Double
  var processorShare: Double?
  /// Of the process that does nothing else, making its models included.
  let peakMemoryBytes: Int
  /// Buffers that the sample took from the system, and by how much the C library's heap grew in it.
  var poolMisses: Int?
  var growthBytes: Int?
}

/// What `bench --json` prints, one object a line.
package struct BenchRow: Encodable {
  /// The other side of the row.
  struct Peer: Encodable {
    let engine: BenchEngine
    let seconds: Double
    /// Median of the ratios of neighbouring samples, theirs to ours: how many times faster the engine is.
    let ratio: Double
    let peakMemoryBytes: Int
  }

  /// A sample, and 10⁹ operations a second that the machine could do while it ran.
  typealias Probed = (sample: BenchSample, peak: Double?)

  let part: String
  let name: String
  let size: String
  let precision: String
  let threads: Int
  let batch: Int?
  /// Medians over the samples; the fastest beside it.
  let seconds: Double
  let fastest: Double
  let flops: Double?
  let gflops: Double?
  /// 10⁹ operations a second that the machine could do while this ran, and the share of them that was done.
  let peakGflops: Double?
  let fractionOfPeak: Double?
  let gigabytesPerSecond: Double?
  /// The share of its threads' time that the machine gave the engine; below 1 others worked on the same cores.
  let processorShare: Double?
  let `repeat`: Int
  let peakMemoryBytes: Int
  /// Of the last sample.
  let poolMisses: Int?
  let growthBytes: Int?
  let peer: Peer?

  /// - Parameters:
  ///   - facts: what the worker said of the work.
  ///   - theirs: each taken after ours of the same place.
  init(_ plan: BenchPlan, _ facts: JSON, ours: [Probed], theirs: [Probed] = []) {
    func median(_ values: [Double]) -> Double? { values.isEmpty ? nil : Stopwatch.median(values) }
    let times = ours.map(\.sample.seconds)
    let (seconds, flops) = (Stopwatch.median(times), facts["operations"]?.double)
    (part, size, precision) = (plan.part.rawValue, plan.size.rawValue, plan.precision.rawValue)
    name = facts["name"]?.text ?? part
    (threads, batch, `repeat`) = (plan.threads, plan.op == nil ? plan.batch : nil, ours.count)
    (self.seconds, fastest, self.flops) = (seconds, times.min() ?? .nan, flops)
    gflops = flops.map { $0 / seconds / 1e9 }
    gigabytesPerSecond = facts["bytes"]?.double.map { $0 / seconds / 1e9 }
    peakGflops = median(ours.compactMap(\.peak))
    fractionOfPeak = flops.flatMap { flops in
      median(ours.compactMap { sample, peak in peak.map { flops / sample.seconds / 1e9 / $0 } })
    }
    processorShare = median(ours.compactMap(\.sample.processorShare))
    peakMemoryBytes = ours.map(\.sample.peakMemoryBytes).max() ?? 0
    (poolMisses, growthBytes) = (ours.last?.sample.poolMisses, ours.last?.sample.growthBytes)
    peer = theirs.map(\.sample.peakMemoryBytes).max().map { peak in
      Peer(
        engine: plan.engine, seconds: Stopwatch.median(theirs.map(\.sample.seconds)),
        ratio: Stopwatch.median(zip(theirs, ours).map { $0.sample.seconds / $1.sample.seconds }), peakMemoryBytes: peak)
    }
  }
}

/// The table for people, printed row by row: a full run takes long, and what is there should be seen.
package enum BenchTable {
  private static let columns = [
    ("part", 70), ("threads", 8), ("time", 11), ("GFLOP/s", 9), ("of peak", 8), ("GB/s", 7), ("CPU", 6),
    ("memory", 10), ("new", 7), ("peer", 14), ("its time", 11), ("its memory", 11), ("ratio", 7),
  ]

  package static var head: String { line(columns.map(\.0)) }

  package static func line(_ row: BenchRow) -> String {
    let isModel = row.batch != nil
    return line([
      "\(row.part) \(row.precision)  \(row.name)", "\(row.threads)", row.seconds.durationText,
      row.gflops.map { $0.text(decimals: 1) } ?? "",
      row.fractionOfPeak.map { $0.percent(decimals: 0) + " %" } ?? "",
      row.gigabytesPerSecond.map { $0.text(decimals: 1) } ?? "",
      row.processorShare.map { $0.percent(decimals: 0) + " %" } ?? "",
      isModel ? row.peakMemoryBytes.byteText : "",
      row.poolMisses.map(String.init) ?? "", row.peer?.engine.title ?? "",
      row.peer.map { $0.seconds.durationText } ?? "",
      isModel ? row.peer.map { $0.peakMemoryBytes.byteText } ?? "" : "",
      row.peer.map { $0.ratio.text(decimals: 2) } ?? "",
    ])
  }

  private static func line(_ cells: [String]) -> String {
    let padded = zip(cells, columns).enumerated().map { number, cell in
      let space = String(repeating: " ", count: max(number == 0 ? 0 : 1, cell.1.1 - cell.0.count))
      return number == 0 ? cell.0 + space : space + cell.0
    }
    return String(padded.joined().reversed().drop { $0 == " " }.reversed())
  }
}
