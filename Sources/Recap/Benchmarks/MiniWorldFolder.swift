import Engine
import FoundationEssentials

extension MiniWorld {
  /// Writes the browsing pairs in MMVP's layout, as `MMVPFolder` reads it: 135 pairs by default.
  ///
  /// Throws a `Problem` when a file cannot be written.
  public func writePairs(to folder: URL, perPattern: Int = 15) throws {
    precondition(perPattern > 0, "a benchmark without pairs")
    try write(pairs(.browsing, perPattern: perPattern), to: folder)
  }

  /// Writes any pairs in MMVP's layout; patterns must follow each other as in MMVP, equally many pairs each.
  func write(_ pairs: [ScenePair], to folder: URL) throws {
    var rows = [["Question ID", "Type", "Statement"]]
    for pair in pairs {
      let images = folder.appending(path: MMVPFolder.imageFolders[0]).appending(path: pair.pattern.typeName)
      try FileManager.default.makeFolder(images.path)
      for (scene, statement) in zip(pair.scenes, pair.statements) {
        let id = String(rows.count)
        try scene.render().writePNG(to: images.appending(path: "\(id).png"))
        rows.append([id, pair.pattern.typeName, statement])
      }
    }
    try DurableFile.write(Data(CSV.text(rows).utf8), to: folder.appending(path: MMVPFolder.questionsFile).path)
  }

  /// Writes the first scenes of a split as `00000.png`, `00001.png` … with `captions.csv`, which says everything.
  ///
  /// Throws a `Problem` when a file cannot be written.
  public func writeScenes(_ split: Split, count: Int, to folder: URL) throws {
    try FileManager.default.makeFolder(folder.path)
    var rows = [["File", "Caption"]]
    for index in 0..<count {
      let digits = String(index)
      let name = String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".png"
      let scene = scene(split, index)
      var random = captionRandom(split, epoch: 0, index: index)
      try scene.render().writePNG(to: folder.appending(path: name))
      rows.append([name, Captioner.caption(of: scene, detail: 1, using: &random)])
    }
    try DurableFile.write(Data(CSV.text(rows).utf8), to: folder.appending(path: "captions.csv").path)
  }
}
