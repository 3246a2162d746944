import Engine
import Foundation
import Testing

@testable import Recap

@Suite("The page of a run")
struct RunPageTests {
  private func page(_ entries: [LogEntry], mini: MiniFolder? = nil, in parent: String, notes: [Int: PairNote] = [:])
    throws -> String
  {
    let folder = try RunFolder.create(parent + "/first", .sample)
    let recorder = try RunRecorder(folder)
    for entry in entries { try recorder.record(entry) }
    return try RunPage(RunSummary(reading: folder), mini: mini).text
  }

  private static let loud = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\u{1B}[2J"

  @Test("holds the numbers of the report")
  func numbers() throws {
    try withTemporaryFolder { parent in
      let page = try page(sampleEntries, in: parent)

      #expect(page.contains(">29.6<") && page.contains(">42.2 %<") && page.contains("+12.6 points [+5.2 … +19.9]"))
      #expect(
        page.contains("guessing gets 25 %") && page.contains("91.3") && page.contains("90.5 %")
          && page.contains("−0.8 points"))
      #expect(page.contains("settings   density class, batch 32"))
      #expect(page.contains("step 3: 29.6 to 42.2 %") && page.contains("density count:76 from step 1"))
    }
  }

  @Test("no text from a file becomes markup")
  func injection() throws {
    let pairs = [AnsweredPair(ImagePair(index: 0, pattern: .color, statements: [Self.loud, Self.loud]))]
    var notes = PairNotes()
    notes[1] = PairNote(text: Self.loud)
    let html = try PagePairs(pairs: pairs, steps: [], notes: notes, images: { _ in [] }).html.text
    #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("\u{1B}"))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img") && html.contains("&amp;amp;"))

    var description = RunDescription.sample
    (description.clip, description.data, description.cpu) = (Self.loud, Self.loud, Self.loud)
    var evaluation = EvaluationReport.sample(1)
    evaluation.patterns = evaluation.patterns.map { _ in Self.loud }
    try withTemporaryFolder { parent in
      let folder = try RunFolder.create(parent + "/<b>run", description)
      let recorder = try RunRecorder(folder)
      try recorder.record(.evaluation(evaluation))
      try recorder.record(.failed(step: 1, message: Self.loud))
      let text = try RunPage(RunSummary(reading: folder), mini: nil).text

      #expect(text.components(separatedBy: "<script").count == 2 && !text.contains("<img") && !text.contains("<b>run"))
      #expect(text.contains("script-src 'nonce-page'") && text.contains("default-src 'none'"))
    }
  }

  @Test("of a run without steps, evaluations or sound numbers is a page all the same")
  func empty() throws {
    try withTemporaryFolder { parent in
      let page = try page([], in: parent)
      #expect(page.contains("No evaluation yet."))
    }
    try withTemporaryFolder { parent in
      let page = try page([.step(.sample(1, loss: .nan)), .step(.sample(2, loss: .infinity))], in: parent)
      #expect(!page.contains("polyline") && page.contains("</html>"))
    }
    try withTemporaryFolder { parent in
      let page = try page([.step(.sample(1))], in: parent)
      #expect(page.contains("<circle class=tuned") && !page.contains("nan"))
    }
  }

  @Test("answers about unknown pairs are shown without images")
  func nameless() throws {
    try withTemporaryFolder { parent in
      let page = try page([.predictions(.sample(3))], in: parent)
      #expect(page.contains("id=\"pair-2\"") && page.contains("2 of 2") && !page.contains("<img"))
    }
  }

  @Test("images keep within the page's size, however many pairs there are")
  func size() {
    let image = Image(width: 1000, height: 800, pixels: Array(repeating: 9, count: 2_400_000))
    #expect(PagePairs.side([image], pairs: 1) == 256 && PagePairs.side([], pairs: 0) == 256)
    #expect(PagePairs.side([image], pairs: 135) == 196 && PagePairs.side([image], pairs: 2000) == 50)
    let small = Image(width: 64, height: 64, pixels: Array(repeating: 9, count: 12288))
    #expect(PagePairs.side([small], pairs: 900) == 64)
  }

  @Test("a moving average begins at the first value, and passes over what is no number")
  func average() {
    let values = PageCurves.average([2, .nan, 2, 4])
    #expect(values[0] == 2 && values[1] == 2 && abs(values[2] - 2) < 1e-12)
    #expect(abs(values[3] - (2 * (0.98 + 0.98 * 0.98) + 4) / (1 + 0.98 + 0.98 * 0.98)) < 1e-12)
    #expect(PageCurves.average([.nan])[0].isNaN)
  }

  @Test("ticks are round and inside")
  func ticks() {
    #expect(PageChart.ticks(0, 1100, 5) == [0, 500, 1000] && PageChart.ticks(41, 49, 5) == [42, 44, 46, 48])
    #expect(PageChart.ticks(5, 5, 5) == [5] && PageChart.ticks(.nan, 1, 5).count == 1)
  }

  @Test("a lossy image is a WebP of its size, much smaller than the PNG")
  func webP() throws {
    let image = Scene.render([MiniWorld().scene(.unlabelled, 3)])[0]
    let data = try image.webP(quality: 80)
    let png = try image.png()
    #expect(ImageFormat(data) == .webP && data.count < png.count)
    let read = try Image(decoding: data, named: "a")
    #expect((read.width, read.height) == (image.width, image.height))
    let error = zip(read.pixels, image.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) } / image.pixels.count
    #expect(error < 12)
  }

  @Test("pictures of event files are read back, the newest of each tag, whatever is cut")
  func pictures() throws {
    try withTemporaryFolder { folder in
      #expect(TensorBoardPicture.newest(in: folder).isEmpty)
      let image = Image(width: 1, height: 1, pixels: [1, 2, 3])
      let file = try TensorBoardFile(in: folder)
      for step in [3, 9] {
        try file.add([("loss", .scalar(1)), ("reconstruction/a", .picture(image)), ("b", .picture(image))], step: step)
      }
      let pictures = TensorBoardPicture.newest(in: folder)
      #expect(pictures.map(\.tag) == ["b", "reconstruction/a"] && pictures.allSatisfy { $0.step == 9 })
      let read = try pictures.map { try Image(decoding: $0.png, named: "p") }
      #expect(read == [image, image])

      let whole = try Data(contentsOf: URL(filePath: file.path))
      for cut in stride(from: 0, to: whole.count, by: 7) {
        try whole.prefix(cut).write(to: URL(filePath: file.path))
        #expect(TensorBoardPicture.newest(in: folder).count <= 2)
      }
    }
  }
}
