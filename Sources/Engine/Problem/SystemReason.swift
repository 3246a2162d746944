import Foundation

extension Error {
  /// Why the system refused, in its own words: "No such file or directory".
  ///
  /// Foundation hides them behind sentences such as "The operation could not be completed. The file doesn’t exist.".
  public var systemReason: String {
    if let problem = self as? Problem { return problem.message }
    let cause = ((self as? CocoaError)?.underlying ?? self) as NSError
    return cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : localizedDescription
  }
}
