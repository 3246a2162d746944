import Testing

@testable import Engine

struct JSONTests {
  private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8), file: "test.json") }

  @Test("values of all kinds are read, members in order and whole numbers exact")
  func values() throws {
    let json = try parse(
      """
       {"b": [1, -2.5e-1, 9007199254740993, true, null], "a": {"": "x"}, "c": 1e3, "d": 18446744073709551615}

      """)

    #expect(
      json == [
        "b": [1, -0.25, 9_007_199_254_740_993, true, .null], "a": ["": "x"], "c": 1000.0, "d": 18446744073709551615.0,
      ])
    #expect(json["c"]?.integer == nil)
    #expect(json["c"]?.double == 1000)
  }

  @Test("strings keep every character, escaped or not")
  func strings() throws {
    let json = try parse(#""é \u00e9 \"\\\/\b\f\n\r\t \ud83d\ude00 \u0000""#)

    #expect(json.text == "é é \"\\/\u{8}\u{c}\n\r\t 😀 \0")
    #expect(try parse(json.compact) == json)
  }

  @Test("names that only look alike are two names")
  func canonicalEquivalence() throws {
    #expect(try parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}").members?.count == 2)
  }

  @Test(
    "what is not JSON is refused",
    arguments: [
      "", " ", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "{\"a\" 1}", "01", "1.", ".5", "+1", "1e", "-", "nul", "NaN",
      "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\n\"", "1 2", "[1 2]", "1e999",
      "{\"a\":1,\"a\":2}", String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    ])
  func refusals(text: String) throws {
    let problem = try #require(throws: Problem.self) { try parse(text) }

    #expect(problem.message.hasPrefix("cannot read test.json: not valid JSON at line "))
  }

  @Test("bytes that are not UTF-8 are refused")
  func notUTF8() throws {
    #expect(throws: Problem.self) { try JSON(parsing: [0x22, 0xC3, 0x28, 0x22], file: "test.json") }
  }

  @Test("written values read back as they were, numbers in their shortest form")
  func writing() throws {
    let json: JSON = ["eps": 1e-05, "scale": 0.18215, "list": [1, [], ["a": .null]], "empty": [:]]

    #expect(json.compact == #"{"eps":1e-05,"scale":0.18215,"list":[1,[],{"a":null}],"empty":{}}"#)
    #expect(json.pretty.split(separator: "\n").first { $0.contains("scale") } == "  \"scale\": 0.18215,")
    #expect(try parse(json.pretty) == json)
  }
}
