import Engine

/// Who is compared with: a library that Tests/Reference/peer.py runs.
package enum BenchEngine: String, CaseIterable, Codable {
  case torch
  case compile = "torch.compile"
  case onnxruntime, openvino, ncnn

  package var title: String {
    switch self {
    case .torch: "PyTorch"
    case .onnxruntime: "ONNX Runtime"
    case .openvino: "OpenVINO"
    case .compile, .ncnn: rawValue
    }
  }

  /// Whether the row is one that this library can compute, in that precision.
  func does(_ plan: BenchPlan) -> Bool {
    let isForward = [.clip, .unet, .vae].contains(plan.part) && !plan.hasGradients
    return switch self {
    case .torch: true
    // A training step that loads its images has no counterpart; single ops have nothing to fuse.
    case .compile: !plan.part.isFamily && !(plan.part == .step && plan.size == .given)
    // Its CPU kernels are f32.
    case .onnxruntime: isForward && plan.precision == .f32
    case .openvino: isForward
    case .ncnn: plan.precision == .f32 && (isForward || (plan.part == .conv && !plan.hasGradients))
    }
  }
}
