// Our own Float32 products, blocked for the caches as BLIS does it: gemm.c cuts blocks, gemm_packing.c packs them,
// micro_kernel.c multiplies. For CPUs with AVX2 and without AVX-512, where oneDNN 2.x only has kernels that pack both
// sides again at every call.
#pragma once
#include "kernels.h"

/// Whether this CPU has the instructions they are built for, and whether they are its fastest products.
bool gemm_can_run(void);
bool gemm_is_fastest(void);

/// Rows of a micro-kernel's tile: rows are best cut at its multiples.
enum { GEMM_TILE_ROWS = 6 };

/// A matrix as it is stored: the number at (row, column) lies at row·rowStride + column·columnStride.
typedef struct {
  KernelsNumbers numbers;
  int64_t rowStride, columnStride;
} GemmMatrix;

/// C (m×n, row stride ldc) = A (m×k) · B (k×n) [+ bias (n), or + C].
typedef struct {
  int64_t m, n, k;
  GemmMatrix a, b;
  const float *packedA;  // by gemm_pack_a, instead of a
  const void *packedB;   // by gemm_pack_b, instead of b
  bool packedBF16;       // packedB is bfloat16
  const float *bias;
  bool accumulate;
  float *c;
  int64_t ldc;
} Gemm;

void gemm(const Gemm *g);

/// Numbers of A (m×k) packed in A-panels.
int64_t gemm_packed_a_size(int64_t m, int64_t k);
/// Packs rows `row` ..< row + rows of A (m×k); `row` is a multiple of a tile's rows.
void gemm_pack_a(int64_t m, int64_t k, const GemmMatrix *a, int64_t row, int64_t rows, float *packed);
/// Bytes of B (k×n) packed in B-panels, the last one completed with zeros.
int64_t gemm_packed_b_bytes(int64_t k, int64_t n, bool bf16);
/// Packs B (k×n), rounded to bfloat16 if `bf16`.
void gemm_pack_b(int64_t k, int64_t n, const GemmMatrix *b, bool bf16, void *packed);
