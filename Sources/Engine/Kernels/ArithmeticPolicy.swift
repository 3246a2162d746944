import Kernels
import Synchronization

/// How a model trades memory for time.
public enum MemoryUse: String, Sendable, CaseIterable {
  /// Keeps what the backward pass needs, and weights in packed layouts.
  case fast
  /// Keeps the inputs of whole blocks and computes the rest again.
  case small
}

/// In which precision weights and activations are multiplied, and how much memory may be spent on speed.
///
/// The process's choice, made before models are opened. Tensors are Float32 in any case, sums too, and so are the
/// weights that an optimizer changes.
///
/// ```swift
/// ArithmeticPolicy.choose(ArithmeticPolicy(precision: .bf16))
/// ```
public struct ArithmeticPolicy: Equatable, Sendable {
  public enum Precision: String, CaseIterable, Sendable {
    case f32
    /// Factors rounded to bfloat16, where the processor multiplies them faster; elsewhere frozen weights alone, which
    /// then take half the memory, and where that gains nothing either the same as `f32`.
    case bf16
  }

  public let precision: Precision
  /// Fast keeps frozen weights packed for the kernels; small reads them where their file has them, and
  /// rearranges them for each use, and UNet and image towers compute their blocks again instead of keeping them.
  public let memory: MemoryUse

  public init(precision: Precision = .f32, memory: MemoryUse = .fast) {
    (self.precision, self.memory) = (precision, memory)
  }

  /// The same with products in Float32, for steps that cost little and lose much.
  var exact: ArithmeticPolicy { ArithmeticPolicy(memory: memory) }

  /// Whether products are taken in bfloat16 here.
  var multipliesBF16: Bool { precision == .bf16 && ArithmeticPolicy.hasBF16 }

  /// Whether frozen weights are kept in bfloat16 here: to be multiplied in it, or widened on their way to the product.
  var keepsBF16: Bool { precision == .bf16 && (ArithmeticPolicy.hasBF16 || GemmBackend.isOwn) }

  /// Whether oneDNN multiplies bfloat16 faster than Float32 on this processor: AMD's with AVX-512 BF16, others with AMX.
  public static let hasBF16 = kernels_has_bf16()

  private static let chosen = Mutex(ArithmeticPolicy())
  @TaskLocal private static var scoped: ArithmeticPolicy?

  public static var current: ArithmeticPolicy { scoped ?? chosen.withLock { $0 } }

  /// From now on, for the whole process.
  public static func choose(_ arithmetic: ArithmeticPolicy) { chosen.withLock { $0 = arithmetic } }

  /// For what `body` computes: comparisons of one arithmetic with another.
  public func during<R>(_ body: () throws -> R) rethrows -> R {
    try ArithmeticPolicy.$scoped.withValue(self, operation: body)
  }
}
