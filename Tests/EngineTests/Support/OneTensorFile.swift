import Foundation

@testable import Engine

/// A safetensors file of one tensor in any float type, written by hand; deleted with this value.
final class OneTensorFile {
  let path: String
  /// The numbers as the type holds them.
  let rounded: Tensor

  init(_ name: String, _ tensor: Tensor, as type: StoredType) throws {
    let numbers = tensor.values
    let bytes: Data
    switch type {
    case .f16:
      rounded = Tensor(numbers.map { Float(Float16($0)) }, shape: tensor.shape)
      bytes = numbers.map { Float16($0).bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
    case .bf16:
      let halves = numbers.map { UInt16(($0.bitPattern + 0x8000) >> 16) }
      rounded = Tensor(halves.map { Float(bitPattern: UInt32($0) << 16) }, shape: tensor.shape)
      bytes = halves.withUnsafeBytes { Data($0) }
    case .f64:
      rounded = tensor
      bytes = numbers.map { Double($0) }.withUnsafeBytes { Data($0) }
    default:
      rounded = tensor
      bytes = numbers.withUnsafeBytes { Data($0) }
    }
    let header =
      #"{"\#(name)":{"dtype":"\#(type.rawValue)","shape":\#(tensor.shape.dims),"data_offsets":[0,\#(bytes.count)]}}"#
    var size = UInt64(header.utf8.count).littleEndian
    path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).safetensors").path
    try (Data(bytes: &size, count: 8) + Data(header.utf8) + bytes).write(to: URL(filePath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func parameter(_ shape: Shape? = nil, layout: KeyLayout = .own, name: String) throws -> Parameter {
    let file = try SafetensorsFile(path)
    return try Weights.file(file, name: "test", layout: layout).parameter(name, shape ?? rounded.shape, .zeros)
  }
}
