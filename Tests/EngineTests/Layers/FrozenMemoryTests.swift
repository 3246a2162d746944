import Foundation
import TestSupport
import Testing

@testable import Engine

/// What frozen weights take beside their file, and what of the file stays in memory.
struct FrozenMemoryTests {
  private static let fast = ArithmeticPolicy(), small = ArithmeticPolicy(memory: .small)
  private static let half = ArithmeticPolicy(precision: .bf16)
  private static let smallHalf = ArithmeticPolicy(precision: .bf16, memory: .small)

  /// One large weight in a file, and the gradient through the layer that it makes.
  private struct Layer {
    let file: OneTensorFile
    let weight: Parameter
    let x: Tensor
    let run: (Tensor, Tensor) -> Tensor

    init(_ weight: Shape, _ x: Shape, run: @escaping (Tensor, Tensor) -> Tensor) throws {
      file = try OneTensorFile("w", normal(weight, 0), as: .f32)
      self.weight = try file.parameter(name: "w")
      self.x = normal(x, 1)
      self.run = run
    }

    static func linear() throws -> Layer {
      try Layer([1024, 1024], [33, 1024]) { x, w in x.linear(weight: w) }
    }

    /// A convolution of an image `side` pixels wide.
    static func convolution(side: Int) throws -> Layer {
      try Layer([192, 192, 3, 3], [1, side, side, 192]) { x, w in x.convolved(weight: w) }
    }

    func forward(_ arithmetic: ArithmeticPolicy) { _ = arithmetic.during { run(x, weight.value) } }

    func forwardAndBackward(_ arithmetic: ArithmeticPolicy) {
      arithmetic.during { run(x.trackingGradient(), weight.value).sum().backward() }
    }
  }

  @Test("a large matrix is read in its file, forward and backward")
  func linear() throws {
    let layer = try Layer.linear()

    layer.forwardAndBackward(FrozenMemoryTests.fast)
    layer.forwardAndBackward(FrozenMemoryTests.small)

    #expect(layer.weight.ownedBytes == 0)
  }

  @Test("so are the filters of few pixels, by stride 1 or 2")
  func columns() throws {
    for layer in [
      try Layer.convolution(side: 6),
      try Layer([192, 192, 3, 3], [1, 16, 16, 192]) { x, w in x.convolved(weight: w, stride: 2) },
    ] {
      layer.forwardAndBackward(FrozenMemoryTests.fast)
      layer.forwardAndBackward(FrozenMemoryTests.small)

      #expect(layer.weight.ownedBytes == 0)
    }
  }

  @Test("in bfloat16 they have one copy for both directions, and none where memory is short")
  func halves() throws {
    guard FrozenMemoryTests.half.keepsBF16 else { return }
    for layer in [try Layer.linear(), try Layer.convolution(side: 6)] {
      layer.forwardAndBackward(FrozenMemoryTests.smallHalf)
      #expect(layer.weight.ownedBytes == 0)

      layer.forwardAndBackward(FrozenMemoryTests.half)
      #expect(layer.weight.ownedBytes == 2 * layer.weight.shape.count)
    }
  }

  @Test("F(2×2) has one form of its filters for both directions")
  func oneForm() throws {
    let layer = try Layer.convolution(side: 16)
    layer.forward(FrozenMemoryTests.fast)
    let forward = layer.weight.ownedBytes

    layer.forwardAndBackward(FrozenMemoryTests.fast)

    #expect(forward == 4 * 16 * 192 * 192)
    #expect(layer.weight.ownedBytes == forward)
  }

  @Test("where no gradient goes, no filters are made ready for one")
  func noBackwardForm() throws {
    let layer = try Layer.convolution(side: 24)
    layer.forward(FrozenMemoryTests.fast)
    let forward = layer.weight.ownedBytes

    layer.forwardAndBackward(FrozenMemoryTests.fast)

    #expect(forward >= 4 * 36 * 192 * 192)
    #expect(layer.weight.ownedBytes == 2 * forward)
  }

  @Test("nothing before a UNet's first cross-attention is made ready for a gradient")
  func firstCrossAttention() throws {
    let name = "models/unet"
    let (reference, unet) = (
      try Reference.tensors(name + "/reference"), try UNet2DConditionModel(WeightsFolder(Reference.path(name)))
    )
    let context = try reference["context"].trackingGradient()

    unet(try reference["latents"], timesteps: try reference.integers("timesteps"), context: context).sum().backward()

    func bytes(_ key: String) throws -> Int {
      try #require(unet.parameters.first { $0.name == "down_blocks.0.attentions.0.\(key)" }).ownedBytes
    }
    // Of one shape; nothing is packed on processors that gain nothing by it.
    #expect(try bytes("proj_out.weight") == 2 * bytes("proj_in.weight"))
  }

  @Test("pages of a file that were copied in another form are given back")
  func pages() throws {
    guard FrozenMemoryTests.half.keepsBF16 else { return }
    let layer = try Layer.linear()
    let stored = try #require(layer.weight.stored)
    layer.forward(FrozenMemoryTests.fast)
    #expect(try residentBytes(at: stored.start) >= stored.description.byteCount)

    for policy in [FrozenMemoryTests.smallHalf, FrozenMemoryTests.half] {
      layer.forward(policy)
      #expect(try residentBytes(at: stored.start) < 1 << 16)
    }
  }

  @Test("training gives the pages back that it begins with")
  func trainedPages() throws {
    let layer = try Layer.linear()
    let stored = try #require(layer.weight.stored)

    layer.weight.isTrainable = true

    #expect(try residentBytes(at: stored.start) < 1 << 16)
    expect(layer.weight.value.detached(), equals: layer.file.rounded, within: .exact)
  }
}

/// How much of the mapping that holds `address` is in this process's memory.
private func residentBytes(at address: UnsafeRawPointer) throws -> Int {
  let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
  let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
  var isInside = false
  for line in text.split(separator: "\n") {
    let words = line.split(separator: " ")
    let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
    if ends.count == 2 { isInside = ends[0] <= UInt(bitPattern: address) && UInt(bitPattern: address) < ends[1] }
    if isInside, words[0] == "Rss:", let kibibytes = Int(words[1]) { return kibibytes << 10 }
  }
  throw Problem("nothing is mapped at \(address)")
}

private func normal(_ shape: Shape, _ stream: UInt32) -> Tensor {
  RandomSource(seed: 17, stream: stream).normal(shape, step: 0)
}
