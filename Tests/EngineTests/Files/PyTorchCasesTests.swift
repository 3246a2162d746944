import Foundation
import Testing

@testable import Engine

/// Hostile, damaged and odd files; Tests/Reference/pytorch_cases.py wrote them.
struct PyTorchCasesTests {
  /// Every file of the fixture with what we say of it; nil where it must open.
  static let verdicts: [(name: String, complaint: String?)] = [
    ("a plain file", nil),
    ("stored members out of order", nil),
    ("an unknown member, compressed", nil),
    ("a comment at the end", nil),
    ("numbers beside the weights", nil),
    ("an empty tensor", nil),
    ("a long whole number", nil),
    ("a tuple tower", "it is nested deeper than 64 levels"),
    ("the old format", nil),
    ("a class beside a module", "its pickle uses os.system"),
    ("calls os.system", "its pickle uses os.system, which does not belong into a file of weights"),
    ("calls posix.system", "its pickle uses posix.system"),
    ("calls eval", "its pickle uses builtins.eval"),
    ("calls Python 2's eval", "its pickle uses __builtin__.eval"),
    ("calls getattr", "its pickle uses builtins.getattr"),
    ("calls torch.load", "its pickle uses torch.load"),
    ("calls through a stack name", "its pickle uses os.system"),
    ("calls in the middle of a call", "its pickle uses subprocess.Popen"),
    ("calls through a tensor subclass", "its pickle uses os.system"),
    ("calls what a call gave", "calls something that is not a function"),
    ("makes an object of a system class", "its pickle uses subprocess.Popen"),
    ("makes an object through copyreg", "its pickle uses socket.socket"),
    ("names os.system and does not call it", "its pickle uses os.system"),
    ("names os.system and throws it away", "its pickle uses os.system"),
    ("calls with INST", "the instruction 105, which PyTorch does not write"),
    ("calls with OBJ", "the instruction 111, which PyTorch does not write"),
    ("an extension code", "the instruction 130"),
    ("calls in the old format", "its pickle uses os.system"),
    ("names without end", "it repeats itself more often than any model"),
    ("nested seventy levels deep", "it is nested deeper than 64 levels"),
    ("a dictionary in itself", "it is nested deeper than 64 levels"),
    ("a text longer than the pickle", "its pickle breaks off"),
    ("a text of 2^63 bytes", "its pickle breaks off"),
    ("a shape of 2^62 numbers", "w: a tensor has the impossible shape [2147483648, 2147483648]"),
    ("a shape whose size overflows", "w: a tensor has the impossible shape"),
    ("a number repeated 2^40 times", "repeats a storage of 4 numbers too often"),
    ("strides that overflow", "reaches beyond its storage of 4 numbers"),
    ("a view beyond its storage", "w: a tensor of shape [4] reaches beyond its storage of 4 numbers"),
    ("a stride beyond its storage", "w: a tensor of shape [2, 2] reaches beyond its storage of 4 numbers"),
    ("a negative stride", "the impossible shape [2] with strides [-1]"),
    ("a negative size", "the impossible shape [-4]"),
    ("a negative offset", "the impossible shape [4]"),
    ("more sizes than strides", "the impossible shape [2, 2] with strides [1]"),
    ("a size that is a text", "calls torch._utils._rebuild_tensor_v2 with the wrong arguments"),
    ("a storage that is shorter", "w: its storage 0 should be 4 numbers of 4 bytes, it is 12 bytes"),
    ("a storage that is longer", "w: its storage 0 should be 4 numbers of 4 bytes, it is 32 bytes"),
    ("a storage that is not there", "w: it has no member m/data/0"),
    ("a storage outside", "w: it has no member m/data/../../version"),
    ("a storage of negative size", "refers to something that is not a storage"),
    ("a storage of an unknown kind", "numbers of the unknown kind torch.QInt8Storage"),
    ("one name twice", "the tensor w stands in it twice"),
    ("one name by two ways", "the tensor a.b stands in it twice"),
    ("a name of 1001 letters", "it has a name of 1001 letters: wwww"),
    ("no tensors", "it holds no tensors with names"),
    ("one tensor without a name", "it is one tensor without a name"),
    ("an empty pickle", "its pickle breaks off"),
    ("a pickle that ends early", "its pickle breaks off"),
    ("a pickle that takes what is not there", "its pickle takes what is not there"),
    ("a pickle that recalls what was never kept", "recalls the value 7, never kept"),
    ("a pickle with a key alone", "a key without a value"),
    ("a pickle of unknown instructions", "the instruction 240"),
    ("a pickle with text that is not UTF-8", "text that is not UTF-8"),
    ("a mark that is never closed", nil),
    ("big-endian numbers", "stores numbers back to front"),
    ("no data.pkl", "it is a zip archive with no data.pkl"),
    ("two roots", "it is a zip archive with more than one data.pkl"),
    ("an empty zip", "it is a zip archive with no data.pkl"),
    ("a cut zip", "has no table of contents at its end"),
    ("only the start of a zip", "has no table of contents at its end"),
    ("bytes after the zip", "has no table of contents at its end"),
    ("a comment that lies about its length", "has no table of contents at its end"),
    ("a table of contents beyond the file", "at 2147483648, which is beyond the file"),
    ("a table of contents that is too long", "should be 1048576 bytes"),
    ("a table of contents with too few entries", "its table of contents is longer than its 2 members"),
    ("a table of contents with too many entries", "its table of contents breaks off"),
    ("a member beyond the file", "the member m/data/0 should be 2147483648 bytes at"),
    ("a member at no member", "the member m/data/0 does not begin at byte 7 as it should"),
    ("two members at one place", "the member m/data.pkl2 has another name at its place"),
    ("members that overlap", "its members m/data.pkl and m/data/0 overlap"),
    ("one member twice", "the member m/data.pkl stands in it twice"),
    ("a member with two names", "the member m/data/0 has another name at its place"),
    ("a compressed pickle", "its member m/data.pkl cannot be used: it is compressed (method 8)"),
    ("a compressed storage", "its member m/data/0 cannot be used: it is compressed (method 8)"),
    ("an encrypted storage", "its member m/data/0 cannot be used: it is encrypted"),
    ("a member name that is not UTF-8", "the name of a member at byte"),
    ("one part of several", "one part of a zip archive in several"),
    ("an old file with a wrong storage list", "its list of storages does not fit its tensors"),
    ("an old file without its storage", "w: it has no storage 0"),
    ("an old file that is cut", "the storage 0 at byte"),
    ("an old file with a lying storage", "the storage 0 at byte"),
    ("an old file of big-endian numbers", "stores numbers back to front"),
    ("a bare pickle", "a bare Python pickle"),
    ("control characters in a name", "[2J: a tensor of shape [9] reaches beyond"),
  ]

  /// PyTorch reads these: it builds endless repetitions, ignores what follows the archive, takes the last of two
  /// tensors with one name, swaps bytes, and leaves a storage that is missing empty.
  private static let moreLenientInPyTorch: Set<String> = [
    "a dictionary in itself", "a number repeated 2^40 times", "one name twice", "one name by two ways",
    "a name of 1001 letters", "big-endian numbers", "bytes after the zip",
    "a comment that lies about its length", "an old file without its storage", "an old file of big-endian numbers",
    "nested seventy levels deep", "a tuple tower",
  ]

  private static let cases = Result {
    try HostileFile.all(in: "pytorch_cases.json", accepted: "pytorchAccepts")
  }

  @Test("each file opens or is refused with its reason, as in PyTorch or more strictly", arguments: verdicts)
  func verdict(name: String, complaint: String?) throws {
    let expected = try #require(try Self.cases.get()[name])
    if complaint == nil { #expect(expected.isAccepted) }
    #expect(!expected.isAccepted || complaint == nil || Self.moreLenientInPyTorch.contains(name))
    try Reference.withTemporaryFolder { folder in
      let path = folder + "/model.pt"
      try expected.content.write(to: URL(filePath: path))

      let problem: Problem?
      do {
        let file = try WeightsFile(path)
        for tensor in file.tensorNames { _ = try file.tensor(named: tensor) }
        problem = nil
      } catch let refusal as Problem {
        problem = refusal
      }

      guard let complaint else { return #expect(problem == nil) }
      let told = try #require(problem).description
      #expect(told.contains(complaint))
      #expect(told.contains(path) && told.count < 500)
      #expect(!told.contains("\u{1b}") && !told.contains("\u{7}"))
    }
  }

  @Test("every file of the fixture has a verdict")
  func complete() throws {
    #expect(Set(try Self.cases.get().keys) == Set(Self.verdicts.map(\.name)))
  }

  @Test("a tower of a million containers neither overflows the stack nor takes more than its share of memory")
  func tower() throws {
    for level: [UInt8] in [[0x85], Array("]".utf8) + Array("(".utf8)] {
      let pickle =
        Array("\u{80}\u{2}(".unicodeScalars.map { UInt8($0.value) })
        + Array(repeating: level, count: 1_000_000).joined()
      let refusal = #expect(throws: PickleRefusal.self) { _ = try PickleMachine.read(Array(pickle)) }
      #expect(refusal != nil)
    }
    let closed = [0x80, 0x02, UInt8(ascii: ")")] + [UInt8](repeating: 0x85, count: 1_000_000) + [UInt8(ascii: ".")]
    #expect(try PickleMachine.read(closed).pickle.objects.count == 1_000_001)
  }
}
