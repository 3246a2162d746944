import Glibc

/// Memory in pages of 2 MiB where the system has them: they are handed out, and found by the processor, five hundred
/// small ones at a time. Reading weights that lie in no cache is a third faster from them.
enum LargePages {
  private static let size = 2 << 20

  /// Zeros, whose pages are there when they are written first; nil if there is no room.
  static func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let spare = bytes >= size ? size : 0
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let memory = mmap(nil, bytes + spare, PROT_READ | PROT_WRITE, flags, -1, 0), memory != MAP_FAILED else {
      return nil
    }
    guard spare > 0 else { return memory }
    let before = -Int(bitPattern: memory) & (size - 1)
    if before > 0 { munmap(memory, before) }
    let end = memory + before + wholePages(bytes)
    if end < memory + bytes + spare { munmap(end, memory + bytes + spare - end) }
    madvise(memory + before, bytes, MADV_HUGEPAGE)
    return memory + before
  }

  static func giveBack(_ memory: UnsafeMutableRawPointer, bytes: Int) { munmap(memory, bytes) }

  private static func wholePages(_ bytes: Int) -> Int {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    return (bytes + page - 1) / page * page
  }
}
