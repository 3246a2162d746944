import Recap

/// What a benchmark measures where the models are given, and the seed of random ones.
package struct BenchSubject {
  /// Opens the given models.
  let workspace: () throws -> Workspace
  let density: DensityChoice
  let tuned: String?
  let seed: UInt64
  /// Takes remarks for people.
  let note: (String) -> Void

  package init(
    density: DensityChoice, tuned: String?, seed: UInt64, note: @escaping (String) -> Void,
    workspace: @escaping () throws -> Workspace
  ) {
    (self.density, self.tuned, self.seed, self.note, self.workspace) = (density, tuned, seed, note, workspace)
  }
}
