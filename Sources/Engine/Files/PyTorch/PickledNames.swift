/// The classes and functions that a pickle mentions, called or not.
struct PickledNames {
  private let pickle: Pickle

  init(_ pickle: Pickle) { self.pickle = pickle }

  /// Libraries whose classes stand in saved models; their objects are looked at as data only.
  private static let libraries: Set<Substring> = [
    "torch", "torchvision", "transformers", "diffusers", "open_clip", "clip", "timm", "peft", "accelerate", "numpy",
    "tokenizers", "huggingface_hub", "__torch__",
  ]

  /// Refuses any name that is neither on the list of `PickleCalls`, nor of a known library, nor of the program that a
  /// saved module belongs to.
  func requireKnown() throws(PickleRefusal) {
    var allowed = Self.libraries
    for index in pickle.objects.indices where pickle.isModule(.reference(index)) {
      if let name = pickle.className(.reference(index)) { allowed.insert(Self.package(name)) }
    }
    for object in pickle.objects {
      guard case .global(let name) = object.kind else { continue }
      guard PickleCalls.isKnown(name) || allowed.contains(Self.package(name)) else { throw PickleCalls.refusal(name) }
    }
  }

  private static func package(_ name: String) -> Substring { name.prefix { $0 != "." } }
}
