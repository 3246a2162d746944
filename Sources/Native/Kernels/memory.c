// What the C library's heap holds; Swift's Glibc module leaves <malloc.h> out.
#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

#include "kernels.h"

int64_t kernels_allocated_bytes(void) {
#if defined(__GLIBC__)
  struct mallinfo2 use = mallinfo2();
  return (int64_t)(use.uordblks + use.hblkhd);
#else
  return 0;
#endif
}

void kernels_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
