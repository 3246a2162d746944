import Kernels

/// The non-linearities that the model families use.
public enum Activation: String, Sendable, CaseIterable {
  /// x·σ(x): diffusion models.
  case silu
  /// x·Φ(x) with the error function: LAION's CLIPs, SD-2's text encoder.
  case gelu
  /// x·σ(1.702·x): OpenAI's, Meta's and Apple's CLIPs.
  case quickGELU
  /// GELU's tanh approximation: SigLIP as Hugging Face configures it.
  case geluTanh

  /// "QuickGELU": as papers call it.
  public var title: String {
    switch self {
    case .silu: "SiLU"
    case .gelu: "GELU"
    case .quickGELU: "QuickGELU"
    case .geluTanh: "GELU's tanh approximation"
    }
  }

  var kernel: KernelsActivation {
    switch self {
    case .silu: KERNELS_SILU
    case .gelu: KERNELS_GELU
    case .quickGELU: KERNELS_QUICK_GELU
    case .geluTanh: KERNELS_GELU_TANH
    }
  }
}

extension Tensor {
  /// The activation of every entry.
  public func activated(_ activation: Activation) -> Tensor {
    let y = Tensor(uninitialized: shape)
    ThreadPool.runElements(count) { start, n in
      kernels_activation(activation.kernel, n, pointer + start, y.pointer + start)
    }
    let x = detached()
    return .record("activated", y, from: self) { dy in
      let dx = Tensor(uninitialized: x.shape)
      ThreadPool.runElements(x.count) { start, n in
        kernels_activation_gradient(activation.kernel, n, x.pointer + start, dy.pointer + start, dx.pointer + start)
      }
      return [dx]
    }
  }

  /// The first half of each row times GELU of the second half.
  ///
  /// Shape: (…, 2C) → (…, C). Source: Shazeer 2020, GLU variants; diffusers `GEGLU`.
  public func geglu() -> Tensor {
    let width = shape.last / 2
    precondition(shape.last == 2 * width && width > 0, "geglu halves the last axis, which is odd in \(shape)")
    let rows = count / (2 * width)
    let size = max(1, 16_384 / width)
    let y = Tensor(uninitialized: shape.replacingLast(with: width))
    ThreadPool.runPieces(of: rows, size: size) { piece in
      kernels_geglu(
        Int64(piece.count), Int64(width), pointer + piece.lowerBound * 2 * width, y.pointer + piece.lowerBound * width)
    }
    let x = detached()
    return .record("geglu", y, from: self) { dy in
      let dx = Tensor(uninitialized: x.shape)
      ThreadPool.runPieces(of: rows, size: size) { piece in
        kernels_geglu_gradient(
          Int64(piece.count), Int64(width), x.pointer + piece.lowerBound * 2 * width,
          dy.pointer + piece.lowerBound * width, dx.pointer + piece.lowerBound * 2 * width)
      }
      return [dx]
    }
  }
}
