import TestSupport
import Testing

@testable import Engine

/// Frozen weights stay in their file until somebody needs them otherwise.
struct MappedWeightsTests {
  private let numbers = RandomSource(seed: 11, stream: 0).normal([96, 33], step: 0)
  private let x = RandomSource(seed: 11, stream: 1).normal([70, 33], step: 0)
  private let small = ArithmeticPolicy(memory: .small)

  @Test(
    "a frozen parameter owns no floats before and after a product with it", arguments: [StoredType.f32, .f16, .bf16])
  func ownsNothing(type: StoredType) throws {
    let file = try OneTensorFile("w", numbers, as: type)
    let weight = try file.parameter(name: "w")
    #expect(weight.ownedBytes == 0)

    let y = small.during { x.linear(weight: weight.value) }

    #expect(weight.ownedBytes == 0)
    expect(y, equals: small.during { x.linear(weight: file.rounded) }, within: .exact)
  }

  @Test("packed weights of a file compute what its numbers do", arguments: [StoredType.f32, .f16, .bf16, .f64])
  func packs(type: StoredType) throws {
    let file = try OneTensorFile("w", numbers, as: type)
    let (mapped, inMemory) = (try file.parameter(name: "w"), Parameter(name: "w", value: file.rounded))

    expect(x.linear(weight: mapped.value), equals: x.linear(weight: inMemory.value), within: .exact)
    expect(mapped.value, equals: file.rounded, within: .exact)
  }

  @Test("asking for floats makes them once", arguments: [StoredType.f16, .bf16, .f64])
  func convertsOnDemand(type: StoredType) throws {
    let file = try OneTensorFile("w", numbers, as: type)
    let weight = try file.parameter(name: "w")

    expect(weight.value, equals: file.rounded, within: .exact)

    #expect(weight.ownedBytes == 4 * numbers.count)
    #expect(weight.value.pointer == weight.value.pointer)
  }

  @Test("floats of a file are read where they lie")
  func readsInPlace() throws {
    // The header's size decides where the numbers begin; only at a multiple of four can floats be read.
    for name in ["a", "ab", "abc", "abcd"] {
      let file = try OneTensorFile(name, numbers, as: .f32)
      let weight = try file.parameter(name: name)
      let start = try #require(weight.stored).start

      expect(weight.value, equals: numbers, within: .exact, name)

      #expect(weight.ownedBytes == (Int(bitPattern: start) % 4 == 0 ? 0 : 4 * numbers.count))
    }
  }

  @Test("training begins from the file's numbers and leaves the file alone", arguments: [StoredType.f32, .bf16])
  func trains(type: StoredType) throws {
    let file = try OneTensorFile("w", numbers, as: type)
    let (weight, other) = (try file.parameter(name: "w"), try file.parameter(name: "w"))
    _ = x.linear(weight: weight.value)

    weight.isTrainable = true
    expect(weight.value.detached(), equals: file.rounded, within: .exact)
    weight.update { $0.update(repeating: 2, count: numbers.count) }

    expect(weight.value.detached(), equals: Tensor(repeating: 2, shape: numbers.shape), within: .exact)
    expect(x.linear(weight: weight.value).detached(), equals: x.linear(weight: weight.value.copied()), within: .exact)
    expect(other.value, equals: file.rounded, within: .exact)
  }

  @Test("a part of a larger tensor is read in the file, a transposed one is rearranged", arguments: [0, 1, 2])
  func parts(part: Int) throws {
    let file = try OneTensorFile("in_proj", numbers, as: .bf16)
    let third = KeyLayout([.init(own: "q", key: "in_proj", form: .part(part, of: 3))])
    let turned = KeyLayout([.init(own: "q", key: "in_proj", form: .transposed)])

    let weight = try file.parameter([32, 33], layout: third, name: "q")
    let transposed = try file.parameter([33, 96], layout: turned, name: "q")

    #expect(weight.ownedBytes == 0)
    expect(weight.value, equals: file.rounded.sliced(32 * part..<32 * (part + 1)), within: .exact)
    #expect(transposed.ownedBytes > 0)
    let values = file.rounded.values
    let columns: [Float] = (0..<33).flatMap { column in (0..<96).map { row in values[row * 33 + column] } }
    expect(transposed.value, equals: Tensor(columns, shape: [33, 96]), within: .exact)
  }

  @Test("a model copied from a frozen one reads the same file")
  func copies() throws {
    let file = try OneTensorFile("w", numbers, as: .f16)
    let weight = try file.parameter(name: "w")

    let copy = try Weights.copying([weight]).parameter("w", numbers.shape, .zeros)

    #expect(copy.ownedBytes == 0 && weight.ownedBytes == 0)
    expect(copy.value, equals: file.rounded, within: .exact)
  }
}
