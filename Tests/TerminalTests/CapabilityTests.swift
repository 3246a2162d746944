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
    let usual = TerminalCapabilities(environment: [:])
    #expect(usual.isComplete(Array("\u{1B}[?2;0;1;1S\u{1B}[?62c".utf8)))
    #expect(!usual.isComplete(Array("\u{1B}[?2;0;640;360S\u{1B}[?6".utf8)))
    // The answer of the terminal around tmux comes after tmux's own.
    let inside = tmux("kitty(0.40.0)|256,RGB|on")
    #expect(!inside.isComplete(Array("\u{1B}[?62c".utf8)))
    #expect(inside.isComplete(Array("\u{1B}[?62c\u{1B}_Gi=31;OK\u{1B}\\".utf8)))
  }

  private func tmux(_ line: String) -> TerminalCapabilities {
    var capabilities = TerminalCapabilities(environment: ["TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"])
    if let tmux = Tmux(line: line + "\n") { capabilities.take(tmux) }
    return capabilities
  }

  @Test func theBestWayThatTheTerminalAffirmsComesFirst() {
    let kitty = asked("\u{1B}P>|kitty(0.26.5)\u{1B}\\\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62;4c")
    #expect(kitty.graphicsChoices == [.kitty, .sixel, .blocks, .ascii, .none])
    #expect(kitty.kitty == .direct && kitty.name == "kitty(0.26.5)")
    #expect(asked("\u{1B}_Gi=31;EINVAL:no\u{1B}\\\u{1B}[?62;4c").graphics == .sixel)
    let wezterm = asked("\u{1B}P>|WezTerm 20240203-110809\u{1B}\\\u{1B}[?65;4;6;18;22c")
    #expect(wezterm.graphicsChoices == [.sixel, .iterm2, .blocks, .ascii, .none])
    #expect(asked("\u{1B}P>|iTerm2 3.5.0\u{1B}\\\u{1B}[?62c").graphics == .iterm2)
  }

  @Test func trueColourIsWhatTheTerminalKeepsNotWhatTheEnvironmentSays() {
    let claims = ["TERM": "xterm-256color", "COLORTERM": "truecolor"]
    func depth(_ environment: [String: String], _ answer: String) -> ColorDepth {
      var capabilities = TerminalCapabilities(environment: environment)
      capabilities.read(answers: Array(answer.utf8), size: Size(columns: 80, rows: 24))
      return capabilities.depth
    }

    #expect(depth(claims, "\u{1B}P1$r0;48;5;16m\u{1B}\\\u{1B}[?62c") == .cube256)
    #expect(depth(claims, "\u{1B}[?62c") == .trueColor)
    for kept in ["48:2:3:77:201", "48:2::3:77:201", "48;2;3;77;201"] {
      #expect(depth(["TERM": "xterm-256color"], "\u{1B}P1$r0;\(kept)m\u{1B}\\\u{1B}[?62c") == .trueColor, "\(kept)")
    }
    #expect(depth(["TERM": "xterm"], "\u{1B}P1$r0;48;5;16m\u{1B}\\") == .eight)
    #expect(depth(claims.merging(["NO_COLOR": "1"]) { $1 }, "\u{1B}P1$r0;48:2:3:77:201m\u{1B}\\") == .none)
  }

  @Test func tmuxIsAskedWhatTheTerminalAroundItCan() {
    #expect(tmux("kitty(0.40.0)|256,RGB,title|on").depth == .trueColor)
    #expect(tmux("xterm(379)|256,title|on").depth == .cube256)
    #expect(tmux("nonsense").tmux == nil)
    // Only where the terminal shows placeholders and tmux passes on is it asked for pictures, and never past tmux.
    #expect(tmux("kitty(0.40.0)|256|on").questions.contains("\u{1B}Ptmux;\u{1B}\u{1B}_G"))
    for line in ["kitty(0.40.0)|256|off", "WezTerm 2024|256,RGB|on", "|256|on"] {
      #expect(!tmux(line).questions.contains("_G"), "\(line)")
    }
    let screen = TerminalCapabilities(environment: ["TERM": "screen-256color"])
    #expect(!screen.questions.contains("_G") && asked("").questions.contains("\u{1B}_G"))
    var affirmed = tmux("ghostty 1.2.0|256,RGB|all")
    affirmed.read("_Gi=31;OK")
    #expect(affirmed.graphics == .kitty && affirmed.kitty == .tmux)
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

@Suite struct InputTests {
  private func input(_ text: String) -> [TerminalInput] {
    var decoder = InputDecoder()
    let input = text.unicodeScalars.compactMap { decoder.decode(character: $0.value) }
    return input + [decoder.finish()].compactMap { $0 }
  }

  private func keys(_ text: String) -> [Key] {
    input(text).compactMap { if case .key(let key) = $0 { key } else { nil } }
  }

  @Test func charactersAndControlKeysAreKeys() {
    #expect(keys("aé\t\r\u{3}\u{7F}") == [.character("a"), .character("é"), .tab, .enter, .control("c"), .backspace])
  }

  @Test func anEscapeThatStandsAloneIsAKey() {
    #expect(keys("\u{1B}") == [.escape])
    #expect(keys("\u{1B}\u{1B}[?62cq") == [.escape, .character("q")])
  }

  @Test func cursorKeysAreKnownInBothCodings() {
    #expect(
      keys("\u{1B}[A\u{1B}OB\u{1B}[1;5C\u{1B}[5~\u{1B}[6;2~\u{1B}[Z") == [
        .up, .down, .right, .pageUp, .pageDown, .backTab,
      ])
    #expect(input("\u{1B}[15~q") == [.sequence("[15~"), .key("q")])
  }

  @Test func lateAnswersOfTheTerminalAreNoKeys() {
    #expect(input("\u{1B}[?63;1;2;4cq") == [.sequence("[?63;1;2;4c"), .key("q")])
    #expect(input("\u{1B}]11;rgb:00/00/00\u{1B}\\q") == [.sequence("]11;rgb:00/00/00"), .key("q")])
    #expect(input("\u{1B}]11;rgb:00/00/00\u{7}q") == [.sequence("]11;rgb:00/00/00"), .key("q")])
    #expect(input("\u{1B}_Gi=31;OK\u{1B}\\q") == [.sequence("_Gi=31;OK"), .key("q")])
  }

  @Test func anAnswerInPiecesIsNoKeyEither() {
    var decoder = InputDecoder()
    var input: [TerminalInput] = []
    for piece in ["\u{1B}]11;rgb:00", "00/0000/0000\u{1B}", "\\q"] {
      input += piece.unicodeScalars.compactMap { decoder.decode(character: $0.value) }
      input += [decoder.finish(idle: .milliseconds(30))].compactMap { $0 }
    }
    #expect(input == [.sequence("]11;rgb:0000/0000/0000"), .key("q")])
  }

  @Test("A sequence whose escape came long before the rest is no row of keys; what a person types after Escape is")
  func lateRest() {
    var decoder = InputDecoder()
    func read(_ text: String) -> [TerminalInput] {
      text.unicodeScalars.compactMap { decoder.decode(character: $0.value) } + [decoder.finish()].compactMap { $0 }
    }
    #expect(read("\u{1B}") == [.key(.escape)] && read("[?62;4;22cq") == [.sequence("[?62;4;22c"), .key("q")])
    #expect(read("\u{1B}") == [.key(.escape)] && read("]11;rgb:0/0/0\u{7}") == [.sequence("]11;rgb:0/0/0")])
    #expect(read("\u{1B}") == [.key(.escape)] && read("[A") == [.key(.up)])
    #expect(read("\u{1B}") == [.key(.escape)] && read("[") == [.key("[")] && read("4") == [.key("4")])
    #expect(read("\u{1B}") == [.key(.escape)] && read("42") == [.key("4"), .key("2")])
  }

  @Test("Keys of the number pad in its application mode are no letters")
  func numberPad() {
    #expect(input("\u{1B}Oxq\u{1B}Op\u{1B}OM") == [.key("q")])
  }

  @Test func whatNeverEndsIsGivenUp() {
    var decoder = InputDecoder()
    _ = "\u{1B}]".unicodeScalars.map { decoder.decode(character: $0.value) }
    #expect(decoder.finish(idle: .seconds(1)) == nil)
    #expect(decoder.decode(character: 113) == .key("q"))
  }

  @Test func theMouseIsDecoded() {
    #expect(
      input("\u{1B}[<0;10;5M\u{1B}[<0;10;5m") == [
        .mouse(Mouse(.press, column: 9, row: 4)), .mouse(Mouse(.release, column: 9, row: 4)),
      ])
    #expect(
      input("\u{1B}[<64;1;1M\u{1B}[<65;1;1M") == [
        .mouse(Mouse(.wheelUp, column: 0, row: 0)), .mouse(Mouse(.wheelDown, column: 0, row: 0)),
      ])
    #expect(input("\u{1B}[<34;200;60M") == [.mouse(Mouse(.drag, .right, column: 199, row: 59))])
    #expect(input("\u{1B}[<20;3;4M") == [.mouse(Mouse(.press, column: 2, row: 3))])
  }

  @Test(
    "No report of a mouse is read as keys, in whichever coding another program left it on",
    arguments: [
      "\u{1B}[<35;12;3M", "\u{1B}[<0;1M", "\u{1B}[<0;0;0M", "\u{1B}[M 12", "\u{1B}[M#!!", "\u{1B}[32;12;3M",
      "\u{1B}[<0;999999999999999999999;1M",
    ])
  func strayReports(report: String) {
    #expect(keys(report + "q") == ["q"])
  }

  @Test func pastedTextIsOnePieceAndNoKeys() {
    #expect(input("\u{1B}[200~quit\rqq\u{1B}[201~j") == [.paste("quit\rqq"), .key("j")])
    #expect(input("\u{1B}[200~a\u{1B}[31mb~\u{1B}[201~") == [.paste("a\u{1B}[31mb~")])
  }

  @Test func aPasteWithoutAnEndDoesNotHoldTheKeysForEver() {
    var decoder = InputDecoder()
    _ = "\u{1B}[200~abc".unicodeScalars.map { decoder.decode(character: $0.value) }
    #expect(decoder.finish(idle: .seconds(1)) == nil)
    #expect(decoder.finish(idle: .seconds(6)) == .paste("abc"))
    #expect(keys("\u{1B}[200~abc\u{3}q") == [.control("c"), "q"])
  }
}
