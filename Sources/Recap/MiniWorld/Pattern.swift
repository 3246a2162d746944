/// The nine visual patterns that CLIP is blind to, in the order of the MMVP benchmark.
///
/// Source: Tong et al. 2024, "Eyes Wide Shut?", and the category list of MMVP's evaluation script.
public enum Pattern: Int, CaseIterable, Codable, Hashable, Sendable {
  case orientation, presence, state, quantity, position, color, structure, text, viewpoint

  /// The name in the `Type` column of `Questions.csv`, which is also the name of the image folder.
  public var typeName: String {
    switch self {
    case .orientation: "Orientation"
    case .presence: "Presence"
    case .state: "State"
    case .quantity: "Quantity"
    case .position: "Spatial"
    case .color: "Color"
    case .structure: "Structural Character"
    case .text: "Text"
    case .viewpoint: "Camera Perspective"
    }
  }

  /// The name in result tables, as the reference prints it.
  public var title: String {
    switch self {
    case .orientation: "Orientation and Direction"
    case .presence: "Presence of Specific Features"
    case .state: "State and Condition"
    case .quantity: "Quantity and Count"
    case .position: "Positional and Relational Context"
    case .color: "Color and Appearance"
    case .structure: "Structural Characteristics"
    case .text: "Texts"
    case .viewpoint: "Viewpoint and Perspective"
    }
  }

  /// A word: the name on every screen.
  public var shortName: String {
    switch self {
    case .orientation: "Orientation"
    case .presence: "Features"
    case .state: "State"
    case .quantity: "Count"
    case .position: "Position"
    case .color: "Colour"
    case .structure: "Structure"
    case .text: "Text"
    case .viewpoint: "Viewpoint"
    }
  }

  /// The pattern of a `Type` column, with spaces or underscores; nil for a name that MMVP does not have.
  public init?(typeName: String) {
    let name = typeName.replacing("_", with: " ")
    guard let pattern = Pattern.allCases.first(where: { $0.typeName == name }) else { return nil }
    self = pattern
  }
}
