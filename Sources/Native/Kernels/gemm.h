// Our own Float32 products for CPUs with AVX2 and without AVX-512 (gemm.c), where oneDNN 2.x only has kernels that pack
// both sides again at every call.
#pragma once
#include "kernels.h"

/// Whether this CPU has what they need, and whether all products are theirs.
bool gemm_can_run(void);
bool gemm_is_ours(void);

/// A left or right side as it is stored: the number at (row, column) lies at row·rowStep + column·columnStep.
typedef struct {
  KernelsNumbers numbers;
  int64_t rowStep, columnStep;
  int64_t packedRows;  // not 0: a left side packed by gemm_pack_rows, so many rows with those that complete it
} GemmSide;

/// Rows `row` ..< row + rows of a left side (m×k) for several products, in the order in which they read it; `row` is a
/// multiple of GEMM_ROWS, and `packed` holds k times gemm_packed_rows(m) numbers.
enum { GEMM_ROWS = 6 };
int64_t gemm_packed_rows(int64_t m);
void gemm_pack_rows(int64_t m, int64_t k, GemmSide a, int64_t row, int64_t rows, float *packed);

/// Columns of a packed right side stand in panels of so many, each k×GEMM_PANEL, the last one completed with zeros.
enum { GEMM_PANEL = 16 };

/// Numbers of a sum that are taken at once: a panel of so many, 20 KiB, stays in the L1 cache.
enum { GEMM_INNER = 320 };

/// How rows are shared out among tiles: evenly, since a tile of two rows takes almost as long as one of six.
typedef struct {
  int64_t tiles, rows, longer;  // the first `longer` tiles have one row more than `rows`
} GemmShare;

static inline GemmShare gemm_share(int64_t rows) {
  int64_t tiles = (rows + GEMM_ROWS - 1) / GEMM_ROWS;
  return (GemmShare){tiles, rows / tiles, rows % tiles};
}

/// Bytes of a packed right side (k×n).
int64_t gemm_packed_bytes(int64_t k, int64_t n, bool bf16);
/// Packs B (k×n), rounded to bfloat16 if `bf16`.
void gemm_pack(int64_t k, int64_t n, GemmSide b, bool bf16, void *packed);

/// c (m×n, row stride ldc) = a (m×k) · b (k×n) [+ bias (n), or + c], b as it is stored.
void gemm(int64_t m, int64_t n, int64_t k, GemmSide a, GemmSide b, const float *bias, bool accumulate, float *c,
          int64_t ldc);
/// The same with a packed b.
void gemm_with_packed(int64_t m, int64_t n, int64_t k, GemmSide a, const void *packed, bool bf16, const float *bias,
                      bool accumulate, float *c, int64_t ldc);
