// Our own kernels for AVX-512: the sums of a tile fill 28 of its 32 registers.
#if defined(__x86_64__)
#include <sys/mman.h>

#include "gemm.h"
#include "vector.h"

#define VECTOR_WIDTH 16
#define TILE_ROWS 14
#define MULTIPLY_ADD __builtin_elementwise_fma
#define OWN_KERNELS own_avx512

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)
#include "own_kernels.inc"
#pragma clang attribute pop
#endif
