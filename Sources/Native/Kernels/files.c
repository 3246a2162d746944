// Where a file lies; Swift's Glibc module leaves <sys/vfs.h> out.
#include <stddef.h>
#include <sys/vfs.h>

#include "kernels.h"

bool kernels_keeps_all_locks(int descriptor) {
  // By their magic numbers (statfs(2)): ext2–4, XFS, Btrfs, tmpfs, overlay, F2FS, ZFS.
  static const unsigned long local[] = {0xEF53,     0x58465342, 0x9123683E, 0x01021994,
                                        0x794C7630, 0xF2F52010, 0x2FC12FC1};
  struct statfs system;
  if (fstatfs(descriptor, &system) != 0) return false;
  for (size_t i = 0; i < sizeof local / sizeof *local; i++)
    if ((unsigned long)system.f_type == local[i]) return true;
  return false;
}
