import Kernels

/// What a file's locks say.
public enum FileLocks {
  /// Whether they are those of all processes that can reach the file: it lies on a disk of this machine. A network file
  /// system may know no locks, or only those of one machine.
  public static func areComplete(_ descriptor: Int32) -> Bool { kernels_keeps_all_locks(descriptor) }
}
