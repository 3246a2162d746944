import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Terminal

@Suite("Settings") struct SettingsTests {
  @Test("come back from their file as they went in")
  func roundTrip() throws {
    try withFolder { folder in
      let path = folder + "/config/diva-tui/settings.json"
      #expect(try Settings(reading: path) == Settings())
      var settings = Settings()
      (settings.graphics, settings.markers, settings.theme) = (.blocks, .ascii, .light)
      (settings.mouse, settings.screen, settings.introductions) = (false, "Pairs", false)
      try settings.write(to: path)

      #expect(try Settings(reading: path) == settings)
    }
  }

  @Test("lie in the XDG folder, or below the home folder")
  func place() {
    #expect(Settings.path(["XDG_CONFIG_HOME": "/c", "HOME": "/h"]) == "/c/diva-tui/settings.json")
    #expect(Settings.path(["XDG_CONFIG_HOME": "c", "HOME": "/h"]) == "/h/.config/diva-tui/settings.json")
  }

  @Test(
    "that cannot be right are named",
    arguments: [
      ("{", "no JSON"), ("[]", "no JSON object"),
      (#"{"markers": "dots"}"#, "“markers” is none of braille, block, ascii"),
      (#"{"graphics": 3}"#, "“graphics” is none of kitty"), (#"{"mouse": "yes"}"#, "“mouse”"),
    ])
  func damage(text: String, reason: String) throws {
    try withFolder { folder in
      let path = folder + "/settings.json"
      try Data(text.utf8).write(to: URL(filePath: path))
      let problem = #expect(throws: Problem.self) { try Settings(reading: path) }
      #expect(problem?.message.contains(reason) == true && problem?.message.contains(path) == true)
    }
  }

  @Test("hold where they work, and what is best here is no choice")
  func applying() {
    var settings = Settings()
    (settings.graphics, settings.mouse, settings.markers) = (.sixel, false, .block)
    var state = ExplorerState()
    state.offer([.kitty, .blocks, .ascii, .none])
    state.apply(settings)
    #expect(state.graphics == .kitty && !state.usesMouse && state.markers == .block)
    state.offer([.sixel, .blocks, .ascii, .none])
    state.apply(settings)
    #expect(state.graphics == .sixel && state.settings(from: settings).graphics == nil)
    #expect(TestExplorer(state).frame.markers == .block)
  }

  @Test("keep what a person changed, and not what an option said for one session")
  func changes() {
    let before = Settings()
    var (first, second) = (before, before)
    (first.graphics, first.markers) = (.blocks, .ascii)
    (second.graphics, second.markers, second.mouse, second.screen) = (.blocks, .ascii, false, "Pairs")
    let kept = before.taking(changesFrom: first, to: second)

    #expect(kept.theme == .auto && kept.introductions)
    var state = ExplorerState()
    let opened = state.settings(from: before)
    (state.isLight, state.isIntroductionShown) = (true, false)
    let chosen = before.taking(changesFrom: opened, to: state.settings(from: before))
    #expect(chosen.theme == .light && !chosen.introductions && chosen.mouse)
    #expect(kept.graphics == nil && kept.markers == .braille && !kept.mouse && kept.screen == "Pairs")
  }
}

@Suite("Mouse, paste and late answers") struct TerminalEventTests {
  @Test("A pasted text does nothing but say so")
  func paste() {
    var explorer = TestExplorer()
    let before = explorer.state.screen
    explorer.take(.paste("q3\rqq"))

    #expect(explorer.work == [] && explorer.state.screen == before)
    #expect(explorer.screen.contains("pasted text"))
  }

  @Test("M gives the mouse to the terminal and takes it back")
  func mouse() {
    var explorer = TestExplorer()
    explorer.press("M", "M")

    #expect(explorer.work == [.useMouse(false), .useMouse(true)] && explorer.state.usesMouse)
  }

  @Test("A better way to show pictures that is found late is taken, unless a person chose another")
  func late() {
    var explorer = TestExplorer()
    explorer.state.offer([.blocks, .ascii, .none])
    explorer.take(.graphics([.kitty, .blocks, .ascii, .none]))
    #expect(explorer.state.graphics == .kitty)
    explorer.press("g")
    explorer.take(.graphics([.kitty, .sixel, .blocks, .ascii, .none]))
    #expect(explorer.state.graphics == .blocks)
    explorer.take(.graphics([.ascii, .none]))
    #expect(explorer.state.graphics == .ascii)
  }
}
