// The tiles of our own products (micro_kernel.h).
#include "micro_kernel.h"

FOR_AVX2

typedef float Vector __attribute__((ext_vector_type(WIDTH)));
typedef float Unaligned __attribute__((ext_vector_type(WIDTH), aligned(4)));
#define VECTOR_AT(x) (*(const Unaligned *)(x))

INLINE void prefetch(Prefetch *p) {
  int64_t end = smaller(p->next + p->perRun, p->lines);
  for (int64_t i = p->next; i < end; i++) __builtin_prefetch(p->start + i % NR * p->stride + i / NR * p->jump, 0, 2);
  p->next = end;
}

INLINE void micro_kernel(int rows, ALayout layout, const ARows *a, BPanel *b, Addend add, float *c, int64_t ldc) {
  Vector low[MR], high[MR];
  for (int r = 0; r < rows; r++) {
    low[r] = high[r] = 0;
    // c is needed at the end, and seldom in a cache; most often it is one line.
    __builtin_prefetch(c + r * ldc, 1);
  }
  const int64_t step = layout == PACKED ? MR : 1, rowStride = layout == PACKED ? 1 : a->rowStride;
  const float *const *pixels = a->pixels, *pixel[MR];
  // Two addresses reach six rows in place without one register for each.
  const float *near = a->numbers, *far = layout == INDIRECT ? NULL : near + 3 * rowStride, *panel = b->numbers;
  for (int64_t first = 0; first < b->k; first += b->run) {
    prefetch(&b->after);
    if (layout == INDIRECT)
      for (int r = 0; r < rows; r++) pixel[r] = pixels[r];
    int64_t count = smaller(b->run, b->k - first);
#pragma clang loop unroll_count(4)
    for (int64_t i = 0; i < count; i++, panel += NR) {
      Vector b0 = VECTOR_AT(panel), b1 = VECTOR_AT(panel + WIDTH);
      for (int r = 0; r < rows; r++) {
        Vector x = layout == INDIRECT ? pixel[r][i] : r < 3 ? near[r * rowStride] : far[(r - 3) * rowStride];
        low[r] = __builtin_elementwise_fma(x, b0, low[r]);
        high[r] = __builtin_elementwise_fma(x, b1, high[r]);
      }
      if (layout != INDIRECT) near += step, far += step;
    }
    pixels += MR;
  }
  for (int r = 0; r < rows; r++) {
    if (add.rows) {
      low[r] += VECTOR_AT(add.rows + r * add.stride);
      high[r] += VECTOR_AT(add.rows + r * add.stride + WIDTH);
    }
    *(Unaligned *)(c + r * ldc) = low[r];
    *(Unaligned *)(c + r * ldc + WIDTH) = high[r];
  }
}

INLINE void tile_of(ALayout layout, int64_t rows, const ARows *a, BPanel *b, Addend add, float *c, int64_t ldc) {
  switch (rows) {
    case 6: micro_kernel(6, layout, a, b, add, c, ldc); break;
    case 5: micro_kernel(5, layout, a, b, add, c, ldc); break;
    case 4: micro_kernel(4, layout, a, b, add, c, ldc); break;
    case 3: micro_kernel(3, layout, a, b, add, c, ldc); break;
    case 2: micro_kernel(2, layout, a, b, add, c, ldc); break;
    case 1: micro_kernel(1, layout, a, b, add, c, ldc); break;
  }
}

static void tile(int64_t rows, const ARows *a, BPanel *b, Addend add, float *c, int64_t ldc) {
  switch (a->layout) {
    case IN_PLACE: tile_of(IN_PLACE, rows, a, b, add, c, ldc); break;
    case PACKED: tile_of(PACKED, rows, a, b, add, c, ldc); break;
    case INDIRECT: tile_of(INDIRECT, rows, a, b, add, c, ldc); break;
  }
}

/// The last columns, fewer than NR: in a tile of their own, since c has no room for more.
static void narrow_tile(int64_t rows, int64_t columns, const ARows *a, BPanel *b, Addend add, float *c, int64_t ldc) {
  float before[MR * NR] = {0}, sums[MR * NR];
  size_t bytes = (size_t)columns * sizeof(float);
  for (int64_t r = 0; add.rows && r < rows; r++) memcpy(before + r * NR, add.rows + r * add.stride, bytes);
  tile(rows, a, b, add.rows ? (Addend){before, NR} : add, sums, NR);
  for (int64_t r = 0; r < rows; r++) memcpy(c + r * ldc, sums + r * NR, bytes);
}

void multiply_panel(ARows a, int64_t rows, int64_t columns, BPanel *b, Addend add, float *c, int64_t ldc) {
  TileShare share = tile_share(rows);
  // An A-panel holds MR rows.
  if (a.layout == PACKED) share.rows = MR, share.longer = 0;
  if (b->after.lines) {
    int64_t runs = share.tiles * ((b->k + b->run - 1) / b->run);
    b->after.perRun = (b->after.lines + runs - 1) / runs;
  }
  for (int64_t t = 0, r = 0; t < share.tiles; t++) {
    int64_t lanes = smaller(share.rows + (t < share.longer), rows - r);
    if (columns == NR)
      tile(lanes, &a, b, add, c, ldc);
    else
      narrow_tile(lanes, columns, &a, b, add, c, ldc);
    r += lanes;
    c += lanes * ldc;
    if (add.stride) add.rows += lanes * add.stride;
    if (a.layout == INDIRECT)
      a.pixels += a.tileStride;
    else
      a.numbers += a.layout == PACKED ? a.tileStride : lanes * a.rowStride;
  }
}

FOR_ANY
