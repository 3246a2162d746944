// Our own kernels for AVX2: the sums of a tile fill twelve of its sixteen registers.
#if defined(__x86_64__)
#include <sys/mman.h>

#include "gemm.h"
#include "vector.h"

#define VECTOR_WIDTH 8
#define TILE_ROWS 6
#define MULTIPLY_ADD __builtin_elementwise_fma
#define OWN_KERNELS own_avx2

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "own_kernels.inc"
#pragma clang attribute pop
#endif
