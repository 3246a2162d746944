import Foundation

/// Where a run keeps the towers that its evaluations scored: `tower-N.safetensors.gz`, N the number of steps.
extension RunFolder {
  private static let (prefix, suffix) = ("tower-", ".safetensors.gz")

  func towerPath(_ step: Int) -> String { "\(path)/\(Self.prefix)\(step)\(Self.suffix)" }

  /// The steps whose towers are there, rising, unchecked; none where the folder cannot be read.
  public var towerSteps: [Int] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap(Self.towerStep(ofFile:)).sorted()
  }

  /// 100 of `tower-100.safetensors.gz`; nil for other names.
  static func towerStep(ofFile name: String) -> Int? {
    guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
    let number = name.dropFirst(prefix.count).dropLast(suffix.count)
    return Int(number).flatMap { $0 >= 0 && "\($0)" == number ? $0 : nil }
  }
}
