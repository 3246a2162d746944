import Glibc

/// The tmux that this program runs in, and what it says of the terminal around it.
package struct Tmux: Equatable, Sendable {
  /// How the terminal names itself; empty where it does not.
  package var terminal = ""
  /// What tmux knows that it can do: “256”, “RGB”, …
  var features: [String] = []
  /// Whether programs may speak to the terminal past tmux (`allow-passthrough`).
  package var passesThrough = false

  /// Those that replace placeholder characters by pictures. tmux shows pictures of kitty's protocol in no other way.
  private static let placeholderTerminals = ["kitty", "ghostty"]

  package var hasPlaceholders: Bool {
    Self.placeholderTerminals.contains { terminal.lowercased().contains($0) }
  }

  /// Whether it is worth asking the terminal for kitty's graphics.
  var passesKitty: Bool { passesThrough && hasPlaceholders }

  /// Nil outside of tmux, and where tmux does not answer.
  static func current(_ environment: [String: String]) -> Tmux? {
    guard !(environment["TMUX"] ?? "").isEmpty else { return nil }
    let format = "#{client_termtype}|#{client_termfeatures}|#{allow-passthrough}"
    guard let pipe = popen("tmux display-message -p '\(format)' 2>/dev/null", "r") else { return nil }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = fread(&bytes, 1, bytes.count, pipe)
    return pclose(pipe) == 0 ? Tmux(line: String(decoding: bytes.prefix(count), as: UTF8.self)) : nil
  }

  init?(line: String) {
    let fields = line.split(separator: "\n").first?.split(separator: "|", omittingEmptySubsequences: false) ?? []
    guard fields.count == 3 else { return nil }
    terminal = String(fields[0])
    features = fields[1].split(separator: ",").map(String.init)
    passesThrough = ["on", "all", "1"].contains(fields[2])
  }
}

extension TerminalCapabilities {
  /// tmux shows colours of 24 bits as the nearest of 256 where it does not know better of the terminal.
  mutating func take(_ tmux: Tmux) {
    self.tmux = tmux
    if depth >= .cube256 { depth = tmux.features.contains("RGB") ? .trueColor : .cube256 }
  }
}
