import Engine

/// What `bench --json` prints, one object a line.
package struct BenchRow: Encodable {
  /// PyTorch's side of the row.
  struct Peer: Encodable {
    var seconds: Double
    /// Median of the ratios of neighbouring samples, theirs to ours: how many times faster the engine is.
    var ratio: Double
    var peakMemoryBytes: Int
  }

  let part: String
  let name: String
  let size: String
  let precision: String
  let threads: Int
  let batch: Int?
  /// Medians over the samples; the fastest beside it.
  private(set) var seconds = Double.nan
  private(set) var fastest = Double.nan
  let flops: Double?
  private(set) var gflops: Double?
  /// 10⁹ operations a second that the machine could do while this ran, and the share of them that was done.
  private(set) var peakGflops: Double?
  private(set) var fractionOfPeak: Double?
  private(set) var gigabytesPerSecond: Double?
  /// The share of its threads' time that the machine gave the engine; below 1 others worked on the same cores.
  private(set) var processorShare: Double?
  private(set) var `repeat` = 0
  /// Of the process that did nothing else, making its models included.
  private(set) var peakMemoryBytes = 0
  /// Buffers that the last sample took from the system, and by how much the C library's heap grew in it.
  private(set) var poolMisses: Int?
  private(set) var growthBytes: Int?
  private(set) var peer: Peer?
  private let bytes: Double?
  private var times: [(seconds: Double, peak: Double?)] = []
  private var processorShares: [Double] = []
  private var theirs: [(seconds: Double, ours: Double)] = []

  private enum CodingKeys: CodingKey {
    case part, name, size, precision, threads, batch, seconds, fastest, flops, gflops, peakGflops, fractionOfPeak
    case gigabytesPerSecond, processorShare, `repeat`, peakMemoryBytes, poolMisses, growthBytes, peer
  }

  init(_ plan: BenchPlan, _ facts: JSON) {
    (part, size, precision) = (plan.part.rawValue, plan.size.rawValue, plan.precision.rawValue)
    (threads, batch) = (plan.threads, plan.op == nil ? plan.batch : nil)
    name = facts["name"]?.text ?? part
    (flops, bytes) = (facts["operations"]?.double, facts["bytes"]?.double)
  }

  /// Seconds of one call, measured in this process.
  init(_ part: BenchPlan.Part, name: String, seconds: Double, repetitions: Int, threads: Int) {
    (self.part, self.name, size, precision) = (part.rawValue, name, BenchPlan.Size.given.rawValue, "f32")
    (self.threads, batch, flops, bytes) = (threads, nil, nil, nil)
    (self.seconds, fastest, `repeat`, peakMemoryBytes) = (seconds, seconds, repetitions, ProcessMemory.peak)
  }

  /// One more sample of the engine.
  mutating func add(_ sample: (answer: JSON, peak: Double?)) {
    times.append((sample.answer["seconds"]?.double ?? .nan, sample.peak))
    (seconds, fastest) = (Stopwatch.median(times.map(\.seconds)), times.map(\.seconds).min() ?? .nan)
    gflops = flops.map { $0 / seconds / 1e9 }
    gigabytesPerSecond = bytes.map { $0 / seconds / 1e9 }
    let peaks = times.compactMap(\.peak)
    peakGflops = peaks.isEmpty ? nil : Stopwatch.median(peaks)
    let shares = times.compactMap { time in flops.flatMap { flops in time.peak.map { flops / time.seconds / 1e9 / $0 } }
    }
    fractionOfPeak = shares.isEmpty ? nil : Stopwatch.median(shares)
    processorShares.append(sample.answer["processorShare"]?.double ?? .nan)
    processorShare = Stopwatch.median(processorShares)
    `repeat` += 1
    peakMemoryBytes = max(peakMemoryBytes, sample.answer["peakMemoryBytes"]?.integer ?? 0)
    (poolMisses, growthBytes) = (sample.answer["poolMisses"]?.integer, sample.answer["growthBytes"]?.integer)
  }

  /// One more sample of the peer, taken after the engine's last one.
  mutating func addPeer(_ sample: (answer: JSON, peak: Double?)) {
    theirs.append((sample.answer["seconds"]?.double ?? .nan, times.last?.seconds ?? .nan))
    peer = Peer(
      seconds: Stopwatch.median(theirs.map(\.seconds)), ratio: Stopwatch.median(theirs.map { $0.seconds / $0.ours }),
      peakMemoryBytes: max(peer?.peakMemoryBytes ?? 0, sample.answer["peakMemoryBytes"]?.integer ?? 0))
  }
}

/// The table for people, printed row by row: a full run takes long, and what is there should be seen.
package struct BenchTable {
  static let columns = [
    "part", "threads", "time", "GFLOP/s", "of peak", "GB/s", "CPU", "memory", "new", "PyTorch", "its memory", "ratio",
  ]
  private static let widths = [70, 8, 11, 9, 8, 7, 6, 10, 7, 11, 11, 7]

  package static var head: String { line(columns) }

  package static func line(_ row: BenchRow) -> String {
    let isModel = row.batch != nil
    return line([
      "\(row.part) \(row.precision)  \(row.name)", "\(row.threads)", row.seconds.durationText,
      row.gflops.map { $0.text(decimals: 1) } ?? "",
      row.fractionOfPeak.map { $0.percent(decimals: 0) + " %" } ?? "",
      row.gigabytesPerSecond.map { $0.text(decimals: 1) } ?? "",
      row.processorShare.map { $0.percent(decimals: 0) + " %" } ?? "",
      isModel ? row.peakMemoryBytes.byteText : "",
      row.poolMisses.map(String.init) ?? "", row.peer.map { $0.seconds.durationText } ?? "",
      isModel ? row.peer.map { $0.peakMemoryBytes.byteText } ?? "" : "",
      row.peer.map { $0.ratio.text(decimals: 2) } ?? "",
    ])
  }

  private static func line(_ cells: [String]) -> String {
    let padded = zip(cells, widths).enumerated().map { column, cell in
      let space = String(repeating: " ", count: max(column == 0 ? 0 : 1, cell.1 - cell.0.count))
      return column == 0 ? cell.0 + space : space + cell.0
    }
    return String(padded.joined().reversed().drop { $0 == " " }.reversed())
  }
}
