import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite("The command line")
struct CommandTests {
  private func explorer(_ line: String, _ state: ExplorerState = DemoFeed.watched) -> TestExplorer {
    var explorer = TestExplorer(state, columns: 100, rows: 30)
    explorer.type(":" + line)
    explorer.press(.enter)
    return explorer
  }

  @Test("does what every key does, by a name that no other key has")
  func names() {
    let groups = [("everywhere", Explorer.keys)] + Explorer.screens.map { ($0.title, $0.keys) }
    var meaning: [String: String] = [:]
    for binding in groups.flatMap(\.1) {
      #expect(!binding.commands.isEmpty && binding.commands.count <= binding.keys.count)
      for (name, _) in binding.commands {
        #expect(meaning.updateValue(binding.label, forKey: name) ?? binding.label == binding.label, "\(name)")
        #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(name)")
      }
    }
    for screen in Explorer.screens {
      var keys = TestExplorer(DemoFeed.watched)
      keys.type("\(screen.number)")
      for binding in screen.keys where screen.title != "Train" || !binding.keys.contains(.enter) {
        for (name, key) in binding.commands where Commands.all.allSatisfy({ $0.name != name }) {
          var (pressed, written) = (keys, keys)
          pressed.press(key)
          written.type(":" + name)
          written.press(.enter)
          written.state.commandHistory = []
          let isHint = pressed.state.notice != nil
          if isHint { (pressed.state.notice, written.state.notice) = (nil, nil) }
          #expect(pressed.state == written.state && pressed.work == written.work, "\(screen.title): \(name)")
        }
      }
    }
  }

  @Test("finishes words with Tab, as far as all that begin so agree")
  func completion() {
    var explorer = TestExplorer(DemoFeed.watched, columns: 100, rows: 30)
    explorer.type(":exp")
    #expect(explorer.screen.contains("export csv|json|md|html|png [FILE]"))
    explorer.press(.tab)
    #expect(explorer.state.command?.text == "export ")
    explorer.type("p")
    explorer.press(.tab)
    #expect(explorer.state.command?.text == "export png ")
    explorer.press(.control("u"))
    explorer.type("set gr")
    explorer.press(.tab)
    explorer.type("k")
    explorer.press(.tab, .enter)
    #expect(explorer.state.graphics == .kitty && explorer.state.command == nil)
    explorer.type(":next-")
    #expect(explorer.screen.contains("next-chart  ") && explorer.screen.contains("next-screen"))
    explorer.press(.escape)
    #expect(explorer.state.command == nil && explorer.state.screen.title == "Train")
  }

  @Test("brings earlier lines back, and is left by Esc or by taking away nothing")
  func history() {
    var explorer = explorer("pairs broken")
    explorer.type(":")
    explorer.press(.up)
    #expect(explorer.state.command?.text == "pairs broken")
    explorer.press(.down)
    #expect(explorer.state.command?.text == "")
    explorer.press(.backspace)
    #expect(explorer.state.command == nil)
  }

  @Test(
    "answers kindly to what it does not know",
    arguments: [
      ("exprot", "did you mean “export”?"), ("ex", "“ex” is not whole: export"), ("frobnicate", "? lists them"),
      ("mark", "“mark” is a command of Pairs: 3 goes there"), ("pair many", "a pair is a number, not “many”"),
      ("pair 9999", "there is no pair 9999: they have the numbers 1 to 135"),
      ("export", "export csv, json, md, html, png"),
      ("set mouse maybe", "“maybe” is no value of mouse; mouse is on; it can be on, off"),
      ("set colour red", "there are graphics, markers"),
      ("density half", "half"), ("step soon", "a step is a number"),
      ("step 9000", "there is no evaluation of step 9000: they are of steps 0 to 780"),
      ("step -3", "of step -3: they are"),
      ("noise 5000", "no noise of timestep 5000: choose from 100 to 900"), ("noise 310", "is that of 300"),
      ("pair 0", "they have the numbers 1 to 135"), ("set mouse", "mouse is on; it can be on, off"),
      ("set graphics frob", "“frob” is no value of graphics; graphics is"), ("pairs colour & zebra", "0 of 135"),
      ("redraw all of it", "“redraw” takes nothing after it"), ("export html", "no run yet"),
    ])
  func unknown(line: String, answer: String) {
    #expect(explorer(line).screen.contains(answer), "\(line)")
  }

  @Test("goes to a step, a pair, a filter and a density")
  func cursors() {
    #expect(explorer("step 200").state.step == 180 && explorer("step 180").state.step == 180)
    #expect(explorer("step live").state.step == nil)
    let pair = explorer("pair 77")
    #expect(pair.state.screen.title == "Pairs" && pair.state.pairs.list.chosen?.number == 77)
    let pairs = explorer("pairs broken & position")
    #expect(pairs.state.pairs.list.filterText == "broken & position" && pairs.state.screen.title == "Pairs")
    let density = explorer("density 0.4")
    #expect(density.state.density == .fraction(0.4))
    #expect(density.work == [.reconstruct(imageIndex: 0, timestep: 800, density: .fraction(0.4))])
    #expect(explorer("density").state.screen.title == "Density")
    #expect(explorer("noise 310").state.reconstruct.noiseLevel == 2)
  }

  @Test("exports pairs, a chart and the screen")
  func export() throws {
    guard case .write(let pairs, let name, _)? = explorer("export json all.json").work.last else {
      Issue.record("nothing is written")
      return
    }
    #expect(name.text == "all.json" && pairs.contains("\"pair\" : 1"))
    guard case .write(let chart, let file, let what)? = explorer("export csv").work.last else {
      Issue.record("nothing is written")
      return
    }
    #expect(file.text == "mini-world-Pairs-both-right.csv" && what == "the chart of Pairs both right")
    #expect(chart.hasPrefix("step,baseline,tuned") && chart.split(whereSeparator: \.isNewline).count > 10)
    #expect(explorer("export png").work == [.keepScreen(name: "mini-world-train.png")])
  }

  @Test("pasted text goes into the line, and Enter does not come with it")
  func paste() {
    var explorer = TestExplorer()
    explorer.type(":")
    explorer.take(.paste("pair 7\n"))
    #expect(explorer.state.command?.text == "pair 7")
  }
}

@Suite("The help")
struct HelpTests {
  @Test("is narrowed down by letters, scrolls, and is left layer by layer")
  func search() {
    var explorer = TestExplorer()
    explorer.type("?")
    #expect(explorer.screen.contains("Train: keys") && explorer.screen.contains("↓ more"))
    explorer.press(.down)
    #expect(explorer.state.help?.top == 1)
    explorer.type("blink")
    #expect(explorer.screen.contains("Swap the two images") && explorer.screen.contains("Pairs: keys"))
    #expect(explorer.state.help?.top == 0 && explorer.state.screen.title == "Train")
    explorer.press(.escape)
    #expect(explorer.state.help?.search.text == "")
    explorer.press(.escape)
    #expect(explorer.state.help == nil)
  }

  @Test(
    "explains what a newcomer cannot know, on the smallest screen too",
    arguments: ["aligning", "density", "context", "recap"])
  func terms(word: String) {
    var explorer = TestExplorer(columns: 60, rows: 16)
    explorer.type(":help terms \(word)")
    explorer.press(.enter)
    let start = Terms.all.first { $0.term.contains(word) }?.meaning.prefix(20) ?? "?"
    #expect(explorer.screen.contains(start))
  }

  @Test("has the words of the glossary")
  func glossary() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/GLOSSARY.md")
    let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      $0.replacing("*", with: "").replacing("`", with: "")
    }
    for (term, meaning) in Terms.all {
      #expect(rows.contains { $0.hasPrefix("| \(term) | \(meaning) |") }, "\(term)")
    }
  }
}
