import Engine
import Foundation
import Recap
import Terminal

extension Workspace {
  /// Looks at the patches of a pair; says why where that cannot be.
  func weighPatches(of row: PairRow, by models: DivaModels?, report: Reporter) throws {
    guard row.images.count == 2, row.pair.shape == .square, let models else {
      return report.post(
        .said(
          "the patches cannot be looked at: \(models == nil ? "there is no tuned CLIP yet" : row.images.isEmpty ? "the images are not known" : "there are not two images with a statement each")"
        ))
    }
    let evidence = PairEvidence(
      row.images.map(\.image), statements: row.pair.statements, models: models, tokenizer: try tokenizer(),
      prefix: backbone.policy.statementPrefix, preprocessing: preprocessing)
    report.post(.evidence(EvidenceOverlay(row.answered.number, evidence)))
  }
}

/// Files about pairs: notes in the run's folder, and lists where the program was started.
struct PairFiles {
  let report: Reporter
  /// The folder of the run that is shown; nil before there is one.
  let folder: String?
  let pairs: [PairRow]

  private var checksum: String { RecordedPairs.checksum(pairs.map(\.pair)) }

  /// What was noted about these pairs.
  func load() {
    guard let folder, !pairs.isEmpty else { return }
    report.attempt { report.post(.notes(try PairNotes(in: folder, checksum: checksum))) }
  }

  func keep(_ note: PairNote, about number: Int) throws {
    guard let folder else {
      return report.post(.said("noted until you quit: there is no run whose folder could keep it"))
    }
    try PairNotes.keep(note, about: number, checksum: checksum, in: folder)
  }

  /// Files where the program was started; other work is the session's.
  func write(_ work: Work, mini: @autoclosure () -> MiniFolder? = nil) throws {
    switch work {
    case .write(let text, let name, let what): try write(Data(text.utf8), name, what)
    case .writeScreen(let frame, let isLight, let name):
      try write(Screenshot.image(of: frame, isLight: isLight).png(), name, "the screen")
    case .writePage(let name):
      guard let folder else { throw Problem("there is no run yet to write a page of") }
      let page = try RunPage(RunSummary(reading: RunFolder(opening: folder)), mini: mini())
      try write(Data(page.text.utf8), name, "the run’s page")
    default: break
    }
  }

  private func write(_ data: Data, _ name: ExportName, _ what: String) throws {
    let path = try PairExport.write(
      data, as: name.text, usual: name.usual, in: FileManager.default.currentDirectoryPath)
    report.post(.said("\(what) written to \(path)"))
  }
}
