import Kernels

/// The program is to end early, though nothing failed: a signal came, or the reader of its output has gone (SIGPIPE).
public struct Interrupted: Error, Equatable, Sendable {
  public let signal: Int32

  public init(_ signal: Int32) { self.signal = signal }

  /// The exit status, as shells give it.
  public var status: Int32 { 128 + signal }

  /// "SIGTERM".
  public var name: String { kernels_signal_name(signal).map { "SIG" + String(cString: $0) } ?? "signal \(signal)" }
}
