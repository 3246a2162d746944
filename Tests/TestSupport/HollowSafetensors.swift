import Engine
import Foundation
import Testing

/// Writes a safetensors file of these shapes in F16 whose numbers are a hole: it takes no room on the disk.
package func writeHollowSafetensors(_ outline: [(key: String, shape: Shape)], to path: String) throws {
  var (members, end) = ([JSON.Member](), 0)
  for (key, shape) in outline {
    let size = 2 * shape.count
    members.append(
      JSON.Member(
        key,
        [
          "dtype": "F16", "shape": .array(shape.dims.map(JSON.integer)),
          "data_offsets": [.integer(end), .integer(end + size)],
        ]))
    end += size
  }
  let header = Array(JSON.object(members).compact.utf8)
  try (withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header).write(to: URL(filePath: path))
  #expect(truncate(path, off_t(8 + header.count + end)) == 0)
}
