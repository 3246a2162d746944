import Foundation
import Testing

@testable import Engine

@Suite("Writing PyTorch files")
struct PyTorchWriterTests {
  private let tensors: [(key: String, tensor: Tensor)] = [
    ("visual.proj", RandomSource(seed: 1).normal([7, 5], step: 0)), ("logit_scale", Tensor(scalar: 4.6)),
    ("größe", RandomSource(seed: 1).normal([2, 3, 1, 4], step: 1)), ("empty", Tensor(zeros: [0, 3])),
  ]

  /// A limit of 100 bytes puts everything into ZIP64 records.
  @Test("give back names, order, shapes and bits, however large the file is", arguments: [UInt64(UInt32.max), 100])
  func roundTrip(limit: UInt64) throws {
    try Reference.withTemporaryFolder { folder in
      let path = folder + "/x.pth"

      try PyTorchWriter(tensors).write(to: path, limit: limit)

      let file = try PyTorchFile(path)
      #expect(file.kind == .stateDict && file.tensorNames == tensors.map(\.key))
      for (key, tensor) in tensors {
        let read = try #require(try file.tensor(named: key))
        #expect(read.shape == tensor.shape && read.values == tensor.values, "\(key)")
        #expect(file.description(of: key)?.type == .f32)
      }
      let bytes = try Data(contentsOf: URL(filePath: path))
      #expect((bytes.range(of: Data([0x50, 0x4B, 6, 6])) != nil) == (limit == 100))
    }
  }

  @Test("begin every member's contents at a multiple of 64 bytes, with the right checksum")
  func alignment() throws {
    try Reference.withTemporaryFolder { folder in
      try PyTorchWriter(tensors).write(to: folder + "/x.pth")
      let file = try MappedFile(folder + "/x.pth")

      let zip = try ZipArchive(file.bytes, name: "x.pth")

      #expect(
        zip.names
          == ["data.pkl", "byteorder", "data/0", "data/1", "data/2", "data/3", "version"].map { "archive/" + $0 })
      for name in zip.names {
        let member = try #require(zip.members[name])
        #expect(member.bytes.lowerBound % 64 == 0 && member.obstacle == nil)
        // The name and padding stand between the local header, which has the checksum, and the contents.
        let header = try #require(file.bytes[..<member.bytes.lowerBound].lastRange(of: [0x50, 0x4B, 3, 4]))
        var checksum = CRC32()
        checksum.update(UnsafeRawBufferPointer(rebasing: file.bytes[member.bytes]))
        #expect(file.bytes.number(at: header.lowerBound + 14, as: UInt32.self) == checksum.value)
      }
    }
  }
}

extension Slice<UnsafeRawBufferPointer> {
  fileprivate func lastRange(of bytes: [UInt8]) -> Range<Int>? {
    indices.reversed().lazy.map { $0..<$0 + bytes.count }.first {
      $0.upperBound <= endIndex && self[$0].elementsEqual(bytes)
    }
  }
}
