import Testing

@testable import Engine

@Suite("Weights that tell how far they are read")
struct ObservedTensorsTests {
  @Test("tell before the first tensor and after each, in tensors and bytes of the file")
  func telling() throws {
    let path = Reference.path("models/vae")
    var told: [ReadingProgress] = []
    let model = try AutoencoderKL(WeightsFolder(path) { told.append($0) })

    let count = model.parameters.count
    #expect(told.map(\.tensors) == Array(0...count))
    #expect(told.allSatisfy { $0.name == path && $0.allTensors == count })
    // Its weights are stored as halves.
    let bytes = 2 * model.parameters.reduce(0) { $0 + $1.shape.count }
    #expect(told.last?.bytes == bytes && told.last?.allBytes == bytes && told.first?.bytes == 0)
  }

  @Test("end the reading when the listener throws")
  func leavingOff() throws {
    struct Enough: Error {}
    var told = 0
    #expect(throws: Enough.self) {
      _ = try AutoencoderKL(
        WeightsFolder(Reference.path("models/vae")) { progress in
          told = progress.tensors
          if progress.tensors == 3 { throw Enough() }
        })
    }
    #expect(told == 3)
  }

  @Test("are the same weights, and a tensor that is asked for twice counts once")
  func same() throws {
    let file = try WeightsFolder(Reference.path("models/clip")).weights()
    var last: ReadingProgress?
    let observed = ObservedTensors(file, name: "clip") { last = $0 }
    let name = try #require(file.tensorNames.first)

    #expect(try observed.tensor(named: name)?.values == file.tensor(named: name)?.values)
    #expect(try observed.stored(named: name)?.dims == file.stored(named: name)?.dims)
    #expect(try observed.tensor(named: "nobody") == nil)
    #expect(last?.tensors == 1 && observed.tensorNames == file.tensorNames)
    #expect(observed.description(of: name) == file.description(of: name))
  }
}
