/// The name of a file to be written: as a person gave it, perhaps a folder, or as such files usually are.
struct ExportName: Equatable, Sendable, ExpressibleByStringLiteral {
  let given: String?
  let usual: String

  var text: String { given ?? usual }

  init(_ given: String? = nil, usual: String) { (self.given, self.usual) = (given, usual) }

  init(stringLiteral usual: String) { self.init(usual: usual) }
}
