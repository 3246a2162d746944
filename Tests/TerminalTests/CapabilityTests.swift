import Testing

@testable import Terminal

@Suite struct CapabilityTests {
  private func asked(_ answers: String, columns: Int = 80, rows: Int = 24) -> TerminalCapabilities {
    var capabilities = TerminalCapabilities(environment: ["TERM": "xterm-256color", "LANG": "C.UTF-8"])
    capabilities.read(answers: Array(answers.utf8), size: Size(columns: columns, rows: rows))
    return capabilities
  }

  @Test func aTerminalWithFourAmongItsAttributesShowsSixels() {
    #expect(asked("\u{1B}[?63;1;2;4;6;9c").graphics == .sixel)
    #expect(asked("\u{1B}[?64;1;2;6;14;44c").graphics == .blocks)
    #expect(asked("").graphics == .blocks)
  }

  @Test func theCellComesFromTheAnswerOrFromTheTextArea() {
    #expect(asked("\u{1B}[6;20;10t\u{1B}[?2;0;640;360S\u{1B}[?62;4c").cell == PixelSize(width: 10, height: 20))
    #expect(asked("\u{1B}[?2;0;640;360S\u{1B}[?2;0;1000;800S\u{1B}[?4c").cell == PixelSize(width: 8, height: 15))
    #expect(asked("\u{1B}[?2;0;640;360S\u{1B}[?2;0;1000;800S").largestPicture == PixelSize(width: 1000, height: 800))
    #expect(asked("\u{1B}[6;0;0t").cell == nil)
    #expect(asked("\u{1B}[6;99999999999999999999;1t").cell == nil)
  }

  @Test func theBackgroundTellsLightFromDark() {
    #expect(asked("\u{1B}]11;rgb:ffff/ffff/ffff\u{1B}\\\u{1B}[?4c").isLight)
    #expect(asked("\u{1B}]11;rgb:ee/ee/ee\u{7}").isLight)
    #expect(!asked("\u{1B}]11;rgb:1c1c/1c1c/1c1c\u{1B}\\").isLight)
    #expect(!asked("\u{1B}]11;nonsense").isLight)
  }

  @Test func synchronizedOutputIsUsedOnlyWhereItIsKnown() {
    #expect(asked("\u{1B}[?2026;2$y").hasSynchronizedOutput)
    #expect(!asked("\u{1B}[?2026;0$y").hasSynchronizedOutput)
  }

  @Test func theLastAnswerIsRecognised() {
    #expect(TerminalCapabilities.isComplete(Array("\u{1B}[?2;0;1;1S\u{1B}[?62c".utf8)))
    #expect(!TerminalCapabilities.isComplete(Array("\u{1B}[?2;0;640;360S\u{1B}[?6".utf8)))
  }

  @Test(
    "The environment decides colours",
    arguments: [
      (["TERM": "xterm-256color"], ColorDepth.cube256), (["TERM": "xterm"], .eight), (["TERM": "dumb"], .none),
      (["TERM": "xterm-256color", "COLORTERM": "truecolor"], .trueColor),
      (["TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"], .none),
      (["TERM": "xterm-256color", "NO_COLOR": ""], .cube256), ([:], .none),
    ])
  func colors(environment: [String: String], depth: ColorDepth) {
    #expect(TerminalCapabilities(environment: environment).depth == depth)
  }

  @Test func aChosenLocaleWithoutUTF8MeansASCII() {
    let plain = TerminalCapabilities(environment: ["TERM": "xterm-256color", "LC_ALL": "C", "LANG": "C.UTF-8"])

    #expect(!plain.hasUTF8)
    #expect(plain.graphicsChoices == [.ascii, .none])
    #expect(TerminalCapabilities(environment: ["LANG": "de_DE.utf8"]).hasUTF8)
    #expect(TerminalCapabilities(environment: [:]).hasUTF8)
  }

  @Test func inEightColoursASelectedRowIsOfOneColour() {
    let theme = Theme(depth: .eight)
    let looks = Ink.allCases.map { theme.look(Style(ink: $0).selected()) }

    #expect(Set(looks).count == 1 && looks[0].isReversed)
  }

  @Test func withoutColourTheTwoCurvesAndTheirShadeStillDiffer() {
    let theme = Theme(depth: .none)

    #expect(Set([Style.baseline, .tuned, .normal].map(theme.look)).count == 3)
  }

  @Test func withoutColourNothingIsColouredAndTheSelectionIsStillSeen() {
    let theme = Theme(depth: .none)

    for ink in Ink.allCases { #expect(theme.look(Style(ink: ink)).foreground == -1) }
    #expect(theme.look(Style.normal.selected()).isReversed)
  }
}

@Suite struct KeyTests {
  private func keys(_ text: String) -> [Key] {
    var decoder = KeyDecoder()
    var keys = text.unicodeScalars.compactMap { decoder.decode(character: $0.value) }
    if let last = decoder.finish() { keys.append(last) }
    return keys
  }

  @Test func charactersAndControlKeysAreKeys() {
    #expect(keys("aé\t\r\u{3}\u{7F}") == [.character("a"), .character("é"), .tab, .enter, .control("c"), .backspace])
  }

  @Test func anEscapeThatStandsAloneIsAKey() {
    #expect(keys("\u{1B}") == [.escape])
  }

  @Test func lateAnswersOfTheTerminalAreSwallowed() {
    #expect(keys("\u{1B}[?63;1;2;4cq") == [.character("q")])
    #expect(keys("\u{1B}]11;rgb:00/00/00\u{1B}\\q") == [.character("q")])
    #expect(keys("\u{1B}]11;rgb:00/00/00\u{7}q") == [.character("q")])
  }
}
