import Engine
import Foundation
import Synchronization

/// The pictures of folders and webdataset tars by number; nothing is decoded before it is needed.
///
/// Whatever else lies there (captions, JSON) is passed over. Number i is the same picture on every machine: paths in the
/// order given, the files of a folder in the order of their names, samples in the order of their tar. One sample is one
/// picture (`Samples`). A shard or a file that cannot be used is left out and named.
struct Dataset: Sendable {
  /// A file of its own (no shard), or a sample of a shard.
  private struct Place: Sendable {
    let shard: Int32?
    let number: Int32
  }

  struct BadShard: Sendable {
    let path: FileName
    let reason: Problem
  }

  private(set) var shards: [Shard] = []
  /// Shards and folders that cannot be opened, and shards that break off.
  private(set) var badShards: [BadShard] = []
  /// Images of shards that cannot be used, and the shards above.
  private(set) var skipped = SkippedImages()
  /// Images that are other parts or formats of a sample.
  private(set) var parts = 0
  private var files: [FileName] = []
  private var places: [Place] = []

  /// - Parameter indexes: where those of shards are kept; nil goes through all shards.
  ///
  /// Throws a `Problem` when a path leads nowhere, or all there is are parquet or arrow files.
  init(_ paths: [String], indexes: ShardIndexes? = nil) throws {
    var names: [FileName] = []
    var refusal: Problem?
    for path in try paths.flatMap(DataPaths.separated) {
      let expanded = try DataPaths.expanded(path)
      let found = expanded.flatMap { files(at: $0) }.filter { !ColumnFiles.isOne($0.text) }
      // Beside shards they are what a downloader noted of them.
      if found.isEmpty {
        refusal = refusal ?? expanded.lazy.compactMap { ColumnFiles.refusal($0.text, .images) }.first
      }
      let images = found.filter(\.isImage)
      let chosen = Set(Samples.chosen(images).map { images[$0] })
      parts += images.count - chosen.count
      names += found.filter { !$0.isImage || chosen.contains($0) }
    }
    if names.isEmpty, let refusal { throw refusal }
    add(names, Self.opened(names.filter { !$0.isImage }, indexes))
  }

  var count: Int { places.count }

  func image(_ index: Int) throws -> Image { try Image(decoding: contents(index), named: name(index)) }

  /// The bytes of the picture's file.
  func contents(_ index: Int) throws -> Data {
    let (shard, number) = (places[index].shard.map(Int.init), Int(places[index].number))
    guard let shard else { return try Image.data(files[number]) }
    return try TarArchive.contents(of: shards[shard].members[number], in: shards[shard].path)
  }

  /// "cat.jpg", or "00000.tar: 000000012.jpg".
  func name(_ index: Int) -> String {
    let (shard, number) = (places[index].shard.map(Int.init), Int(places[index].number))
    guard let shard else { return files[number].text }
    let path = shards[shard].path
    return "\(path.text): \(TarArchive.name(of: shards[shard].members[number], in: path))"
  }

  /// Identifies the picture: changes when another takes its place.
  func stamp(_ index: Int) -> String {
    let (shard, number) = (places[index].shard.map(Int.init), Int(places[index].number))
    guard let shard else { return FileStamp.stamp(files[number]) }
    return "\(FileStamp.stamp(shards[shard].path)) \(shards[shard].members[number].start)"
  }

  /// What there is: "8 images in 2 shards; 3 other parts or formats of them are passed over".
  var summary: String {
    let loose = files.isEmpty ? [] : [files.count.counted("file")]
    let places = loose + (shards.isEmpty ? [] : [shards.count.counted("shard")])
    let images = count.counted("image") + (places.isEmpty ? "" : " in " + places.joined(separator: " and "))
    return images + (parts == 0 ? "" : "; \(parts.grouped) other parts or formats of them are passed over")
  }

  /// A file itself, or the images and tars of a folder.
  private mutating func files(at path: FileName) -> [FileName] {
    guard let status = path.status else {
      leaveOut(path, Problem("cannot read \(path.text): \(String(cString: strerror(errno)))"))
      return []
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { return [path] }
    let walk = FolderWalk(path)
    for problem in walk.problems { leaveOut(path, problem) }
    return walk.files
  }

  /// On all threads: most of the time is waited for the disk.
  private static func opened(_ paths: [FileName], _ indexes: ShardIndexes?) -> [Result<Shard, any Error>] {
    let opened = Mutex([Result<Shard, any Error>?](repeating: nil, count: paths.count))
    ThreadPool.run(paths.count) { number in
      let shard = Result { try indexes?.shard(paths[number]) ?? Shard(paths[number]) }
      opened.withLock { $0[number] = shard }
    }
    return opened.withLock { $0.compactMap { $0 } }
  }

  /// Files and shards in the order of their names.
  private mutating func add(_ names: [FileName], _ opened: [Result<Shard, any Error>]) {
    var opened = opened[...]
    for name in names {
      guard !name.isImage, let result = opened.popFirst() else {
        places.append(Place(shard: nil, number: Int32(files.count)))
        files.append(name)
        continue
      }
      switch result {
      case .success(let shard): add(shard)
      case .failure(let error): leaveOut(name, error as? Problem ?? Problem("cannot read \(name.text): \(error)"))
      }
    }
  }

  private mutating func add(_ shard: Shard) {
    shard.obstacles.forEach { skipped.add($0) }
    shard.damage.map { leaveOut(shard.path, $0) }
    parts += shard.parts
    places += shard.members.indices.map { Place(shard: Int32(shards.count), number: Int32($0)) }
    shards.append(shard)
  }

  private mutating func leaveOut(_ path: FileName, _ reason: Problem) {
    badShards.append(BadShard(path: path, reason: reason))
    skipped.add(shard: reason)
  }
}
