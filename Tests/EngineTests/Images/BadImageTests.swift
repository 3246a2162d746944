import Engine
import Foundation
import Testing

@Suite struct BadImageTests {
  @Test(
    "A file that is cut anywhere is refused",
    arguments: ["rgb.png", "interlaced.png", "4:2:0.jpg", "progressive.jpg", "lossy.webp", "lossless.webp"])
  func truncated(name: String) {
    let file = DecodeCase.named(name).file

    for length in [9, 20, file.count / 3, file.count / 2, file.count - 30] {
      let problem = #expect(throws: Problem.self) { try Image(decoding: file.prefix(length), named: "a.img") }
      #expect(problem?.message.hasPrefix("cannot read a.img: ") == true, "\(problem?.message ?? "")")
    }
  }

  @Test("A PNG with a wrong checksum is refused")
  func checksum() {
    var file = DecodeCase.named("rgb.png").file
    file[file.count / 2] ^= 0x10

    #expect(throws: Problem.self) { try Image(decoding: file, named: "a.png") }
  }

  @Test("Stray bytes in a JPEG are passed over, as Pillow does")
  func strayBytes() throws {
    let it = DecodeCase.named("4:2:0.jpg")
    var file = it.file
    file.insert(contentsOf: [0x11, 0x22, 0x33], at: file.count - 2)

    #expect(try Image(decoding: file, named: it.name) == it.image)
  }

  @Test("Any single damaged byte gives an image or a Problem, never a crash", arguments: DecodeCase.all)
  func anyDamage(it: DecodeCase) {
    for position in stride(from: 8, to: it.file.count, by: 7) {
      var file = it.file
      file[position] ^= 0xA5
      do {
        let image = try Image(decoding: file, named: it.name, maximumArea: 1 << 20)
        #expect(image.width * image.height <= 1 << 20)
      } catch {
        #expect(error is Problem)
      }
    }
  }

  @Test("An image larger than the limit is refused by its header", arguments: ["rgb.png", "4:2:0.jpg", "lossy.webp"])
  func tooLarge(name: String) {
    let problem = #expect(throws: Problem.self) {
      try Image(decoding: DecodeCase.named(name).file, named: name, maximumArea: 19 * 13 - 1)
    }

    #expect(problem?.message == "cannot read \(name): its header says 19 × 13 pixels, the limit is 246 in all")
  }

  @Test(
    "What is no PNG, JPEG or WebP is called by its name",
    arguments: [
      ("", "the file is empty"), ("hello, I am a text", "it is not an image"),
      ("RIFF\0\0\0\0WEBPVP8 ", "the WebP data cannot be used"), ("GIF89a", "it is a GIF file"),
    ])
  func otherContents(text: String, reason: String) {
    let problem = #expect(throws: Problem.self) { try Image(decoding: Data(text.utf8), named: "x.png") }

    #expect(problem?.message == "cannot read x.png: \(reason)")
  }

  @Test func anAnimationIsRefused() {
    // An extended header whose flags say animation; 2 × 2 pixels.
    let header: [UInt8] = Array("VP8X".utf8) + [10, 0, 0, 0, 0x02, 0, 0, 0, 1, 0, 0, 1, 0, 0]
    let animation: [UInt8] = Array("ANIM".utf8) + [6, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let body = Array("WEBP".utf8) + header + animation
    let file = Data(Array("RIFF".utf8) + [UInt8(body.count), 0, 0, 0] + body)

    let problem = #expect(throws: Problem.self) { try Image(decoding: file, named: "a.webp") }

    #expect(problem?.message == "cannot read a.webp: it is an animated WebP file")
  }

  @Test("A device or a folder is no picture", arguments: ["/dev/zero", "/"])
  func noFile(path: String) {
    let problem = #expect(throws: Problem.self) { try Image(contentsOf: URL(filePath: path)) }

    #expect(problem?.message == "cannot read \(path): it is not a file")
  }

  @Test func aMissingFileIsCalledMissing() {
    let problem = #expect(throws: Problem.self) { try Image(contentsOf: URL(filePath: "/nowhere/cat.png")) }

    #expect(problem?.message == "cannot read /nowhere/cat.png: No such file or directory")
  }
}
