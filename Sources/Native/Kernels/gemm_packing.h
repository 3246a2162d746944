// Packing for our own products: A in panels of MR rows, B in panels of NR columns, k after k (gemm_packing.c).
#pragma once
#include "micro_kernel.h"

/// A B-panel (count×NR) from row `first` and column `column` on, zeros beyond its `columns` columns.
void pack_b_panel(const GemmMatrix *b, int64_t first, int64_t count, int64_t column, int64_t columns, float *to);
/// A-panels (each count×MR) of rows `row` ..< row + rows, from column `first` on.
void pack_a_panels(const GemmMatrix *a, int64_t row, int64_t rows, int64_t first, int64_t count, float *to);

/// Parts of k of equal size, at most KC, since each reads and writes all of c.
INLINE int64_t equal_inner(int64_t k) {
  int64_t parts = (k + KC - 1) / KC;
  return parts > 1 ? (k + parts - 1) / parts : KC;
}
