import ArgumentParser
import Engine
import Foundation
import Recap

/// The images that a command works on.
struct ImageOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption, help: "Images: PNG, JPEG or WebP files. (default: four images of the embedded pairs)")
  var images: [String] = []

  /// The files, decoded; the embedded ones where none are named.
  func load(_ workspace: Workspace) throws -> [(url: URL, image: Image)] {
    try urls(workspace).map { ($0, try Image(contentsOf: $0)) }
  }

  private func urls(_ workspace: Workspace) throws -> [URL] {
    guard images.isEmpty else { return images.map { URL(filePath: $0) } }
    return Array(try MMVPFolder(url: workspace.folder.benchmark).pairs.prefix(2).flatMap(\.imageURLs))
  }
}
