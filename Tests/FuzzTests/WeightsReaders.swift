import Foundation

@testable import Engine

extension Reader {
  static let weights = [safetensors, pytorch, pickle, legacyPickle, archive, shards]

  private static let safetensors = Reader(
    name: "safetensors",
    victims: {
      try ["safetensors_types.safetensors", "safetensors_python.safetensors"].map(Victim.fixture)
    }, lie: SafetensorsLies.lie, read: { file, _ in try readAll(WeightsFile(file.path)) },
    command: { file, _ in ["inspect", file.path] })

  private static let pytorch = Reader(
    name: "PyTorch",
    victims: {
      try [
        "types.pt", "views.pt", "zip64.pt", "wrapped.pt", "traced.pt", "CLIP_after_GenFT.pth", "legacy.bin",
        "legacy-module.pth",
      ].map { try Victim.fixture("pytorch/" + $0) }
    }, read: { file, _ in try readAll(WeightsFile(file.path)) },
    command: { file, _ in ["inspect", "--json", file.path] })

  /// Tables of contents that lie.
  private static let archive = Reader(
    name: "zip archive",
    victims: {
      try ["types.pt", "zip64.pt", "traced.pt", "wrapped.pt"].map { try Victim.fixture("pytorch/" + $0) }
    }, lie: ZipLies.lie, read: { file, _ in try readAll(WeightsFile(file.path)) },
    command: { file, _ in ["inspect", file.path] })

  /// Spoilt pickles in sound archives, so that changes of length reach the pickle reader.
  private static let pickle = Reader(
    name: "pickle",
    victims: {
      try ["types.pt", "views.pt", "wrapped.pt", "scripted.pt", "traced.pt", "CLIP_after_GenFT.pth", "protocol-4.pt"]
        .map {
          let archive = try Victim.fixture("pytorch/" + $0)
          let pickle = try members(of: archive).first { $0.name.hasSuffix("/data.pkl") }?.bytes ?? []
          return Victim(name: archive.name, bytes: pickle)
        }
    }, lie: PickleLies.lie,
    read: { file, victim in
      let spoilt = [UInt8](try Data(contentsOf: file))
      let archive = try members(of: Victim.fixture(victim.name)).map {
        $0.name.hasSuffix("/data.pkl") ? ($0.name, spoilt) : $0
      }
      let home = file.appendingPathExtension("zip")
      try Data(StoredZip.archive(archive)).write(to: home)
      try readAll(WeightsFile(home.path))
    })

  /// The five pickles of PyTorch's old format, the storages after them left as they are.
  private static let legacyPickle = Reader(
    name: "pickles of the old format",
    victims: {
      try ["legacy.bin", "legacy-module.pth", "legacy-views.bin"].map {
        let file = try Victim.fixture("pytorch/" + $0)
        return Victim(name: file.name, bytes: Array(file.bytes.prefix(try LegacyPickles.length(of: file.bytes))))
      }
    }, lie: PickleLies.lie,
    read: { file, victim in
      let whole = try Victim.fixture(victim.name).bytes
      let storages = whole.dropFirst(victim.bytes.count)
      let home = file.appendingPathExtension("bin")
      try Data(try Data(contentsOf: file) + storages).write(to: home)
      try readAll(WeightsFile(home.path))
    })

  private static let shards = Reader(
    name: "index of shards", victims: { [try .fixture("pytorch/sharded/pytorch_model.bin.index.json")] },
    lie: JSONLies.lie,
    read: { file, _ in
      try inFolder(file, of: "pytorch/sharded", as: "pytorch_model.bin.index.json") {
        try readAll(WeightsFile($0.path))
      }
    },
    command: { file, _ in
      ["inspect", try inFolder(file, of: "pytorch/sharded", as: "pytorch_model.bin.index.json") { $0.path }]
    })
}

/// Where the pickles of PyTorch's old format end.
private enum LegacyPickles {
  static func length(of file: [UInt8]) throws -> Int {
    var end = 0
    // The magic number, the version, the system, the object and the list of storages.
    for _ in 0..<5 { end = try PickleMachine.read(file, from: end).end }
    return end
  }
}

/// Every tensor is what its description says; views that repeat themselves are left alone when they grow large.
private func readAll(_ file: WeightsFile) throws {
  guard !file.tensorNames.isEmpty, Set(file.tensorNames).count == file.tensorNames.count else {
    guard file.tensorNames.isEmpty, file.format == "safetensors" else { throw Malformed("names: \(file.tensorNames)") }
    return
  }
  for name in file.tensorNames {
    guard let told = file.description(of: name) else { throw Malformed("\(name) has no description") }
    guard told.byteCount <= 1 << 22, told.type.bits % 8 == 0 else { continue }
    guard let stored = try file.stored(named: name), stored.description == told else {
      throw Malformed("\(name) is not what it is said to be")
    }
    // Touches every byte.
    let sum = stored.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
    guard sum >= 0 else { throw Malformed("\(name) cannot be summed") }
    if told.type.isReadableFloat, told.dims.count <= 6, told.dims.allSatisfy({ $0 <= Int32.max }) {
      guard try file.tensor(named: name)?.count == told.count else { throw Malformed("\(name) has another size") }
    }
  }
}

/// The members of one of our archives, uncompressed ones only.
private func members(of victim: Victim) throws -> [(name: String, bytes: [UInt8])] {
  try victim.bytes.withUnsafeBytes { bytes in
    let zip = try ZipArchive(bytes, name: victim.name)
    return zip.names.compactMap { name in
      guard let member = zip.members[name], member.obstacle == nil else { return nil }
      return (name, [UInt8](bytes[member.bytes]))
    }
  }
}
