/// The classes and functions that a pickle mentions, called or not.
struct PickledNames {
  /// Libraries whose classes stand in saved models; their objects are looked at as data only.
  private static let libraries: Set<Substring> = [
    "torch", "torchvision", "transformers", "diffusers", "open_clip", "clip", "timm", "peft", "accelerate", "numpy",
    "tokenizers", "huggingface_hub", "__torch__", "builtins", "__builtin__",
  ]
  /// Those, and the packages of the modules in the pickle.
  private let allowed: Set<Substring>

  /// Refuses a pickle that mentions, anywhere, what runs or loads something.
  init(_ pickle: Pickle) throws(PickleRefusal) {
    var allowed = Self.libraries
    for (index, object) in pickle.objects.enumerated() {
      if case .global(let name) = object.kind, PickleCalls.isForbidden(name) { throw PickleCalls.refusal(name) }
      let value = PickleValue.reference(index)
      if pickle.isModule(value), let name = pickle.className(value) { allowed.insert(Self.package(name)) }
    }
    self.allowed = allowed
  }

  /// False for a name that is neither usual in files of weights, nor of a known library, nor of the program that a saved
  /// module belongs to: what it makes may be weights.
  func isKnown(_ name: String) -> Bool { PickleCalls.isKnown(name) || allowed.contains(Self.package(name)) }

  private static func package(_ name: String) -> Substring { name.prefix { $0 != "." } }
}
