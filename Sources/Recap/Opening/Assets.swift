import Engine
import Foundation

/// Where the embedded models lie on this machine.
public enum Assets {
  /// Set this to use another copy of `assets/`.
  public static let variable = "DIVA_TUI_ASSETS"

  /// The mini world's folder: named by the environment, installed beside the program, or in the source tree it was
  /// built in.
  public static func mini(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> MiniFolder {
    if let named = environment[variable], !named.isEmpty { return try checked(named, hint: "\(variable) says so") }
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    var folder = program.deletingLastPathComponent()
    while folder.path != "/" {
      for place in ["assets", "share/diva-tui/assets"] {
        let candidate = folder.appending(path: place).path
        if has(candidate) { return MiniFolder(candidate + "/mini") }
      }
      folder.deleteLastPathComponent()
    }
    throw Problem(
      "cannot find the embedded models (assets/mini) above \(program.path)",
      advice: "set \(variable) to the assets folder of the source tree, or make them again with diva-tui pretrain")
  }

  private static func has(_ assets: String) -> Bool {
    FileManager.default.fileExists(atPath: assets + "/mini/clip/config.json")
  }

  private static func checked(_ assets: String, hint: String) throws -> MiniFolder {
    guard has(assets) else {
      throw Problem(
        "there are no embedded models in \(assets) (\(hint))", advice: "it should hold mini/clip and mini/diffusion")
    }
    return MiniFolder(assets + "/mini")
  }
}
