// Our own Float32 products, blocked for the caches as BLIS does it: gemm_blocks.inc cuts blocks, gemm_packing.inc packs
// them, micro_kernel.inc multiplies. They are built once for each instruction set (own_avx2.c, own_avx512.c,
// own_portable.c), and own_kernels.c chooses among them.
#pragma once
#include "kernels.h"

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

/// Our own kernels as built for one instruction set.
typedef struct {
  int64_t tileRows;  // of the micro-kernel: rows are best cut at its multiples
  void (*multiply)(const Gemm *g);
  /// Numbers of A (m×k) packed in A-panels.
  int64_t (*packedASize)(int64_t m, int64_t k);
  /// Packs rows `row` ..< row + rows of A (m×k); `row` is a multiple of a tile's rows.
  void (*packA)(int64_t m, int64_t k, const GemmMatrix *a, int64_t row, int64_t rows, float *packed);
  /// Bytes of B (k×n) packed in B-panels, the last one completed with zeros.
  int64_t (*packedBBytes)(int64_t k, int64_t n, bool bf16);
  /// Packs B (k×n), rounded to bfloat16 if `bf16`.
  void (*packB)(int64_t k, int64_t n, const GemmMatrix *b, bool bf16, void *packed);
  /// kernels_indirect_convolution.
  void (*convolve)(const ConvolutionShape *s, int64_t first, int64_t count, const float *x, const float *packed,
                   const float *bias, int64_t firstColumn, int64_t columns, float *y);
} OwnKernels;

/// Indirect convolutions have no more taps and channels than these.
enum { OWN_MOST_TAPS = 25, OWN_MOST_CHANNELS = 1024 };

/// Those in use; NULL where products are BLAS's or oneDNN's.
const OwnKernels *own_kernels(void);
/// OpenBLAS behind the same table, without packed rows and convolutions; NULL where it is not installed.
const OwnKernels *blas_kernels(void);
/// Those of a path, NULL where this CPU lacks its instructions.
const OwnKernels *own_kernels_of(KernelsPath path);
