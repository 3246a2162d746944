// The micro-kernel of our own products: MR×NR sums in registers that grow, for each k, by the outer product of a column
// of A and a row of B (Van Zee and van de Geijn 2015, BLIS). Matrix products (gemm.c) and indirect convolutions
// (indirect.c) share it.
//
// A sum over k is taken in the same order whatever the rows and columns around it, so that pieces of a product have the
// bits of the whole.
#pragma once
#include "gemm.h"
#include "vector.h"

#if defined(__x86_64__)
#define FOR_AVX2 _Pragma("clang attribute push(__attribute__((target(\"avx2,fma,f16c\"))), apply_to = function)")
#define FOR_ANY _Pragma("clang attribute pop")
#else
#define FOR_AVX2
#define FOR_ANY
#endif

enum {
  WIDTH = 8,       // of a vector: a tile's sums fill twelve of AVX2's sixteen registers
  MR = GEMM_TILE_ROWS,
  NR = 2 * WIDTH,  // columns of a tile, and of a B-panel
  KC = 320         // of k at once: a B-panel of KC×NR, 20 KiB, stays in the L1 cache
};

/// Cache lines to prefetch while tiles are multiplied: NR lie `stride` bytes apart, the next NR `jump` from those. A
/// few for each run of k: all of a tile's at once would fill the queue to memory and stall the products.
typedef struct {
  const char *start;
  int64_t stride, jump, lines;
  int64_t next, perRun;  // where multiply_panel is
} Prefetch;

/// A B-panel: NR columns of B, k after k, and what to prefetch meanwhile.
typedef struct {
  const float *numbers;
  int64_t k, run;  // k is multiplied in runs of this length: a tap's channels, or from one prefetch to the next
  Prefetch after;
} BPanel;

/// How rows of A are read: where they are stored, in A-panels of MR rows, k after k, or by an address for each row and
/// run.
typedef enum { IN_PLACE, PACKED, INDIRECT } ALayout;

typedef struct {
  ALayout layout;
  const float *numbers;
  int64_t rowStride;            // in place: from one row to the next
  const float *const *pixels;   // indirect: MR addresses for each run of a tile
  int64_t tileStride;           // packed and indirect: numbers or addresses from one tile to the next
} ARows;

/// What is added to the sums: rows that lie `stride` apart, one for all if that is 0, none where it is null.
typedef struct {
  const float *rows;
  int64_t stride;
} Addend;

/// How rows are shared out among tiles: evenly, since a tile of two rows takes almost as long as one of MR.
typedef struct {
  int64_t tiles, rows, longer;  // the first `longer` tiles have one row more than `rows`
} TileShare;

INLINE TileShare tile_share(int64_t rows) {
  int64_t tiles = (rows + MR - 1) / MR;
  return (TileShare){tiles, rows / tiles, rows % tiles};
}

/// c (rows×columns, columns ≤ NR) = A·B [+ addend] with a tile after another.
void multiply_panel(ARows a, int64_t rows, int64_t columns, BPanel *b, Addend add, float *c, int64_t ldc);
