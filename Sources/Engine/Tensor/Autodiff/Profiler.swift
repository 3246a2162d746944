import Glibc
import Synchronization

/// Where the time of a computation goes: by op, by layer, forward and backward.
///
/// Ops run one after the other, each on all threads, so the time between the ends of two ops is the later one's, with
/// what Swift does around it. The layer is that of the parameter which was read last. Costs one load an op when off.
public enum Profiler {
  /// Calls and time of one op in one layer in one direction.
  public struct Entry: Sendable, Hashable {
    public var seconds = 0.0
    public var calls = 0
    /// Floating-point operations of the direct method; 0 where they are not what takes the time.
    public var operations = 0.0
  }

  public struct Place: Sendable, Hashable {
    public let op: String
    /// The parameter's name: "down_blocks.0.resnets.1.conv1.weight"; empty before the first.
    public let parameter: String
    public let isBackward: Bool
  }

  fileprivate struct State {
    var entries: [Place: Entry] = [:]
    var parameter = ""
    /// What each recorded op takes in the backward pass, by its order.
    var recorded: [UInt64: (parameter: String, operations: Double)] = [:]
    var last = ContinuousClock.now
    /// Ops of other threads are somebody else's.
    let thread = pthread_self()
    /// Ops inside a pullback belong to the op whose gradient they compute.
    var isInPullback = false

    var hearsOps: Bool { !isInPullback && pthread_self() == thread }
  }

  fileprivate static let state = Mutex<State?>(nil)
  private static let switched = Atomic<Bool>(false)

  static var isOn: Bool { switched.load(ordering: .relaxed) }

  /// Runs `body` and reports where its time went. Not for computations on several threads of the caller's own.
  public static func measure(_ body: () throws -> Void) rethrows -> [Place: Entry] {
    state.withLock { $0 = State() }
    switched.store(true, ordering: .relaxed)
    defer { switched.store(false, ordering: .relaxed) }
    try body()
    return state.withLock { state in
      defer { state = nil }
      return state?.entries ?? [:]
    }
  }

  /// A layer reads its weights.
  static func reads(_ parameter: String) {
    state.withLock { if $0?.hearsOps == true { $0?.parameter = parameter } }
  }

  /// An op has computed its result from `inputs`.
  static func finished(_ op: StaticString, _ y: Tensor, _ inputs: [Tensor], node: Node?) {
    state.withLock { state in
      guard state?.hearsOps == true, let parameter = state?.parameter else { return }
      let operations = DirectCount.forward(op, y, inputs)
      if let node {
        state?.recorded[node.order] = (parameter, DirectCount.backward(op, forward: operations, inputs))
      }
      state?.add(Place(op: "\(op)", parameter: parameter, isBackward: false), operations)
    }
  }

  /// Recomputed blocks are profiled op by op, so that only other pullbacks are one entry.
  static func entersPullback(_ node: Node) {
    guard "\(node.name)" != "recomputed" else { return }
    state.withLock { if $0?.hearsOps == true { $0?.isInPullback = true } }
  }

  /// The gradients of an op's inputs are computed and added.
  static func leavesPullback(_ node: Node) {
    state.withLock { state in
      guard state?.thread == pthread_self() else { return }
      state?.isInPullback = false
      let known = state?.recorded.removeValue(forKey: node.order) ?? ("", 0)
      state?.add(Place(op: "\(node.name)", parameter: known.parameter, isBackward: true), known.operations)
    }
  }
}

extension Profiler.State {
  fileprivate mutating func add(_ place: Profiler.Place, _ operations: Double) {
    let now = ContinuousClock.now
    entries[place, default: .init()].seconds += (now - last) / .seconds(1)
    entries[place, default: .init()].calls += 1
    entries[place, default: .init()].operations += operations
    last = now
  }
}

/// Floating-point operations from the shapes of an op's inputs, a multiply-add counting as two.
private enum DirectCount {
  static func forward(_ op: StaticString, _ y: Tensor, _ inputs: [Tensor]) -> Double {
    guard inputs.count > 1 else { return 0 }
    let (x, other) = (inputs[0].shape, inputs[1].shape)
    return switch "\(op)" {
    case "linear": 2 * Double(y.count) * Double(x.last)
    case "matmul": 2 * Double(y.count) * Double(x.last)
    case "convolved": 2 * Double(y.count) * Double(other.stride)
    case "attention": 4 * Double(y.count) * Double(other[1])
    default: 0
    }
  }

  /// Each gradient costs one forward pass of products; attention's three cost two, recomputing left out.
  static func backward(_ op: StaticString, forward: Double, _ inputs: [Tensor]) -> Double {
    if "\(op)" == "attention" { return 2 * forward }
    return forward * Double(inputs.prefix(2).count(where: \.requiresGradient))
  }
}
