// Our own kernels in portable C: what the compiler makes of vectors of four numbers, which every CPU of 64 bits has.
#include <sys/mman.h>

#include "gemm.h"
#include "vector.h"

#define VECTOR_WIDTH 4
#define TILE_ROWS 6
// Without an instruction for both, as on x86-64 before FMA, fma() would be a call for each number.
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define OWN_KERNELS own_portable
#include "own_kernels.inc"
