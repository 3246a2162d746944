import CZlib
import Foundation

@testable import Terminal

/// A terminal with kitty's graphics protocol, as far as this program uses it, for tests: takes bytes, and knows which
/// pictures it keeps, where they stand, and what was wrong.
struct KittyScreen {
  struct Image: Equatable {
    let width: Int
    let height: Int
    /// Red, green, blue and opacity of each pixel.
    let pixels: [SIMD4<UInt8>]
  }

  struct Placement: Equatable {
    var image: Int
    var rect: Rect
    var crop: KittyCrop?
  }

  private(set) var images: [Int: Image] = [:]
  private(set) var placements: [Int: Placement] = [:]
  /// Cells of the pictures that placeholder characters show.
  private(set) var virtual: [Int: Size] = [:]
  private(set) var text: [[String]]
  /// The colour of each cell's text, as SGR gives it.
  private(set) var colors: [[String]]
  private(set) var errors: [String] = []
  private(set) var received = 0

  private let isTmux: Bool
  private var cursor = (column: 0, row: 0)
  private var color = ""
  private var chunk: (keys: [String: String], data: String)?

  init(columns: Int, rows: Int, isTmux: Bool = false) {
    text = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    colors = Array(repeating: Array(repeating: "", count: columns), count: rows)
    self.isTmux = isTmux
  }

  mutating func feed(_ bytes: [UInt8]) {
    received += bytes.count
    let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    var at = 0
    while at < scalars.count {
      if scalars[at] != "\u{1B}" {
        at = write(scalars, at)
        continue
      }
      switch scalars[at + 1] {
      case "7", "8": at += 2
      case "[":
        let end = scalars[(at + 2)...].firstIndex { ("@"..."~").contains($0) }!
        control(string(scalars[(at + 2)...end]))
        at = end + 1
      case "_", "P":
        let end = endOfString(scalars, at + 2)
        string(scalars[at + 1] == "P" ? "P" : "_", string(scalars[(at + 2)..<end]))
        at = end + 2
      default:
        errors.append("unknown escape \(scalars[at + 1])")
        at += 2
      }
    }
  }

  private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String { String(String.UnicodeScalarView(scalars)) }

  /// Where the terminator begins; a doubled escape is none.
  private func endOfString(_ scalars: [Unicode.Scalar], _ start: Int) -> Int {
    var at = start
    while !(scalars[at] == "\u{1B}" && scalars[at + 1] == "\\") { at += scalars[at] == "\u{1B}" ? 2 : 1 }
    return at
  }

  /// A character and the marks above it go into one cell.
  private mutating func write(_ scalars: [Unicode.Scalar], _ start: Int) -> Int {
    var end = start + 1
    while end < scalars.count, scalars[end].properties.generalCategory == .nonspacingMark { end += 1 }
    text[cursor.row][cursor.column] = string(scalars[start..<end])
    colors[cursor.row][cursor.column] = color
    cursor.column += 1
    return end
  }

  private mutating func control(_ sequence: String) {
    if sequence.hasSuffix("H") {
      let numbers = sequence.dropLast().split(separator: ";").map { Int($0)! }
      cursor = (numbers[1] - 1, numbers[0] - 1)
    } else if sequence.hasSuffix("m") {
      color = String(sequence.dropLast())
    } else {
      errors.append("unknown sequence \(sequence)")
    }
  }

  private mutating func string(_ kind: String, _ body: String) {
    if kind == "P" {
      guard isTmux, body.hasPrefix("tmux;") else { return errors.append("a DCS that is not for tmux") }
      let inner = body.dropFirst(5).replacing("\u{1B}\u{1B}", with: "\u{1B}")
      guard inner.hasPrefix("\u{1B}_G"), inner.hasSuffix("\u{1B}\\") else {
        return errors.append("passed on: \(inner)")
      }
      return graphics(String(inner.dropFirst(3).dropLast(2)))
    }
    if isTmux { return errors.append("tmux takes an APC for a title") }
    graphics(String(body.dropFirst()))
  }

  // MARK: - Graphics

  private mutating func graphics(_ command: String) {
    let parts = command.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
    var keys: [String: String] = [:]
    for pair in parts[0].split(separator: ",") {
      let sides = pair.split(separator: "=")
      keys[String(sides[0])] = String(sides[1])
    }
    let data = parts.count > 1 ? String(parts[1]) : ""
    if data.utf8.count > 4096 { errors.append("a chunk of \(data.utf8.count)") }
    if var begun = chunk {
      if keys["a"] != nil { errors.append("a command within chunks") }
      begun.data += data
      chunk = begun
      if keys["m"] == "0" { finishTransmission() }
      return
    }
    switch keys["a"] {
    case "t":
      chunk = (keys, data)
      if keys["m"] == "0" { finishTransmission() }
    case "p": place(keys)
    case "d": delete(keys)
    default: errors.append("unknown action \(command)")
    }
  }

  private mutating func finishTransmission() {
    guard let (keys, data) = chunk else { return }
    chunk = nil
    let (width, height) = (number(keys, "s"), number(keys, "v"))
    let count = keys["f"] == "32" ? 4 : 3
    guard let packed = Data(base64Encoded: data) else { return errors.append("no base64") }
    var bytes = [UInt8](repeating: 0, count: width * height * count)
    var size = UInt(bytes.count)
    if keys["o"] == "z" {
      guard uncompress(&bytes, &size, [UInt8](packed), UInt(packed.count)) == Z_OK else {
        return errors.append("EINVAL: not zlib")
      }
    } else {
      (bytes, size) = ([UInt8](packed), UInt(packed.count))
    }
    guard size == width * height * count else { return errors.append("ENODATA: \(size) bytes") }
    let id = number(keys, "i")
    if images[id] != nil { errors.append("picture \(id) sent twice") }
    images[id] = Image(
      width: width, height: height,
      pixels: stride(from: 0, to: bytes.count, by: count).map {
        SIMD4(bytes[$0], bytes[$0 + 1], bytes[$0 + 2], count == 4 ? bytes[$0 + 3] : 255)
      })
  }

  private mutating func place(_ keys: [String: String]) {
    let id = number(keys, "i")
    guard images[id] != nil else { return errors.append("ENOENT: \(id)") }
    let cells = Size(columns: number(keys, "c"), rows: number(keys, "r"))
    if keys["U"] == "1" {
      virtual[id] = cells
      return
    }
    if isTmux { errors.append("tmux does not know where its cursor is on the terminal") }
    if keys["C"] != "1" { errors.append("the cursor moves") }
    let crop = keys["w"].map { _ in
      KittyCrop(
        x: number(keys, "x"), y: number(keys, "y"),
        size: PixelSize(width: number(keys, "w"), height: number(keys, "h")))
    }
    placements[number(keys, "p")] = Placement(
      image: id, rect: Rect(column: cursor.column, row: cursor.row, columns: cells.columns, rows: cells.rows),
      crop: crop)
  }

  private mutating func delete(_ keys: [String: String]) {
    let id = number(keys, "i")
    switch keys["d"] {
    case "i":
      if placements.removeValue(forKey: number(keys, "p"))?.image != id { errors.append("nothing to remove") }
    case "I":
      if images.removeValue(forKey: id) == nil { errors.append("nothing to free") }
      placements = placements.filter { $0.value.image != id }
      virtual[id] = nil
    default: errors.append("unknown deletion")
    }
  }

  private mutating func number(_ keys: [String: String], _ name: String) -> Int {
    guard let value = keys[name].flatMap({ Int($0) }) else {
      errors.append("\(name) is missing in \(keys)")
      return 0
    }
    return value
  }

  /// The terminal drops a picture, as it may when it runs out of memory.
  mutating func lose(_ id: Int) {
    images[id] = nil
    placements = placements.filter { $0.value.image != id }
  }

  // MARK: - What is seen

  /// The pixel in a cell's upper left corner; nil where no picture is.
  func pixel(column: Int, row: Int) -> SIMD4<UInt8>? {
    for one in placements.values where one.rect.contains(Rect(column: column, row: row, columns: 1, rows: 1)) {
      guard let image = images[one.image] else { continue }
      let crop = one.crop ?? KittyCrop(x: 0, y: 0, size: PixelSize(width: image.width, height: image.height))
      return sample(image, crop, one.rect, column, row)
    }
    return placeholder(column: column, row: row).flatMap { id, cell in
      guard let image = images[id], let size = virtual[id] else { return nil }
      let crop = KittyCrop(x: 0, y: 0, size: PixelSize(width: image.width, height: image.height))
      let rect = Rect(column: 0, row: 0, columns: size.columns, rows: size.rows)
      return sample(image, crop, rect, cell.column, cell.row)
    }
  }

  private func sample(_ image: Image, _ crop: KittyCrop, _ rect: Rect, _ column: Int, _ row: Int) -> SIMD4<UInt8> {
    let x = crop.x + (column - rect.column) * crop.size.width / rect.columns
    let y = crop.y + (row - rect.row) * crop.size.height / rect.rows
    return image.pixels[y * image.width + x]
  }

  /// The picture and the part of it that a cell's placeholder names.
  func placeholder(column: Int, row: Int) -> (id: Int, cell: (column: Int, row: Int))? {
    let scalars = Array(text[row][column].unicodeScalars)
    guard scalars.first == "\u{10EEEE}", scalars.count == 4 else { return nil }
    let marks = scalars.dropFirst().map { KittyPlaceholders.marks.firstIndex(of: $0)! }
    let low = Int(colors[row][column].split(separator: ";").last!)!
    return (marks[2] << 24 | low, (marks[1], marks[0]))
  }
}
