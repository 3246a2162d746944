// Convolutions of few pixels on AVX2: products whose tiles find the pixels that results meet by their addresses, so that
// none is copied (Dukhan 2019, “The Indirect Convolution Algorithm”). Filters are packed like the right side of a
// product, tap after tap; a sum is taken in the same order whatever the pixels and columns around it.
#include "gemm.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define INLINE static inline __attribute__((always_inline))

enum {
  PANEL = GEMM_PANEL,
  ROWS = GEMM_ROWS,  // results of a tile
  BLOCK_ROWS = 192,  // results whose addresses are looked up at once
  TILES = BLOCK_ROWS / ROWS,
  MOST_TAPS = 25,
  MOST_CHANNELS = 1024
};

/// What lies outside of an image.
static const float nothing[MOST_CHANNELS];

/// Where the pixels of a block of results lie: for each tile, tap after tap, one address for each result.
typedef struct {
  GemmShare share;
  const float *pixels[TILES * MOST_TAPS * ROWS];
} Block;

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// Writes the addresses of what result r meets, ROWS apart.
INLINE void look_up(const ConvolutionShape *s, int64_t r, const float *x, const float **to) {
  int64_t image = r / s->outWidth / s->outHeight;
  int64_t top = r / s->outWidth % s->outHeight * s->stride - s->padTop;
  int64_t left = r % s->outWidth * s->stride - s->padLeft;
  for (int64_t i = top; i < top + s->kernelHeight; i++)
    for (int64_t j = left; j < left + s->kernelWidth; j++, to += ROWS) {
      bool isInside = i >= 0 && i < s->height && j >= 0 && j < s->width;
      *to = isInside ? x + ((image * s->height + i) * s->width + j) * s->inChannels : nothing;
    }
}

static void fill_block(const ConvolutionShape *s, int64_t first, int64_t count, const float *x, Block *block) {
  int64_t taps = s->kernelHeight * s->kernelWidth;
  GemmShare share = block->share = gemm_share(count);
  for (int64_t t = 0, r = first; t < share.tiles; t++) {
    int64_t rows = share.rows + (t < share.longer);
    for (int64_t lane = 0; lane < rows; lane++, r++) look_up(s, r, x, block->pixels + t * taps * ROWS + lane);
  }
}

/// Some taps of sixteen filters, and as many lines of what is multiplied after them for each tap, called meanwhile.
typedef struct {
  const float *filters;
  int64_t channels, taps;
  const char *ahead;
  int64_t linesATap;
} Panel;

/// What is added to the sums of a tile: rows that lie `step` apart, one for all if that is 0, or none.
typedef struct {
  const float *rows;
  int64_t step;
} Start;

/// y (rows×16) = start + Σ over taps and channels.
INLINE void tile(int rows, const float *const *pixels, const Panel *p, Start start, float *y, int64_t ldy) {
  __m256 low[ROWS], high[ROWS];
  for (int r = 0; r < rows; r++) low[r] = high[r] = _mm256_setzero_ps();
  const float *b = p->filters;
  const char *ahead = p->ahead;
  for (int64_t tap = 0; tap < p->taps; tap++, pixels += ROWS) {
    const float *a[ROWS];
    for (int r = 0; r < rows; r++) a[r] = pixels[r];
    for (int64_t i = 0; i < p->linesATap; i++, ahead += 64) __builtin_prefetch(ahead, 0, 2);
#pragma clang loop unroll_count(4)
    for (int64_t c = 0; c < p->channels; c++, b += PANEL) {
      __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
      for (int r = 0; r < rows; r++) {
        __m256 x = _mm256_broadcast_ss(a[r] + c);
        low[r] = _mm256_fmadd_ps(x, b0, low[r]);
        high[r] = _mm256_fmadd_ps(x, b1, high[r]);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    if (start.rows) {
      low[r] = _mm256_add_ps(low[r], _mm256_loadu_ps(start.rows + r * start.step));
      high[r] = _mm256_add_ps(high[r], _mm256_loadu_ps(start.rows + r * start.step + 8));
    }
    _mm256_storeu_ps(y + r * ldy, low[r]);
    _mm256_storeu_ps(y + r * ldy + 8, high[r]);
  }
}

static void whole_tile(int64_t rows, const float *const *pixels, const Panel *p, Start start, float *y, int64_t ldy) {
  switch (rows) {
    case 6: tile(6, pixels, p, start, y, ldy); break;
    case 5: tile(5, pixels, p, start, y, ldy); break;
    case 4: tile(4, pixels, p, start, y, ldy); break;
    case 3: tile(3, pixels, p, start, y, ldy); break;
    case 2: tile(2, pixels, p, start, y, ldy); break;
    case 1: tile(1, pixels, p, start, y, ldy); break;
  }
}

/// The same for fewer than sixteen columns: in a tile of its own, since y has no room for more.
static void narrow_tile(int64_t rows, int64_t columns, const float *const *pixels, const Panel *p, Start start, float *y,
                        int64_t ldy) {
  float before[ROWS * PANEL] = {0}, sums[ROWS * PANEL];
  size_t bytes = (size_t)columns * sizeof(float);
  for (int64_t r = 0; start.rows && r < rows; r++) memcpy(before + r * PANEL, start.rows + r * start.step, bytes);
  whole_tile(rows, pixels, p, (Start){before, PANEL}, sums, PANEL);
  for (int64_t r = 0; r < rows; r++) memcpy(y + r * ldy, sums + r * PANEL, bytes);
}

/// All tiles of a block with some taps, from `tap` on, of a panel.
static void multiply_panel(const Block *block, int64_t taps, int64_t tap, Panel *p, int64_t columns, Start start,
                           float *y, int64_t ldy) {
  p->ahead = (const char *)(p->filters + p->taps * p->channels * PANEL);
  GemmShare share = block->share;
  p->linesATap = (p->channels + share.tiles - 1) / share.tiles;
  for (int64_t t = 0; t < share.tiles; t++) {
    int64_t rows = share.rows + (t < share.longer);
    const float *const *pixels = block->pixels + (t * taps + tap) * ROWS;
    if (columns == PANEL)
      whole_tile(rows, pixels, p, start, y, ldy);
    else
      narrow_tile(rows, columns, pixels, p, start, y, ldy);
    y += rows * ldy;
    if (start.step) start.rows += rows * ldy;
    p->ahead += p->taps * p->linesATap * 64;
  }
}

bool kernels_convolves_indirectly(const ConvolutionShape *s) {
  return gemm_is_ours() && s->kernelHeight * s->kernelWidth <= MOST_TAPS && s->inChannels <= MOST_CHANNELS;
}

void kernels_indirect_convolution(const ConvolutionShape *s, int64_t first, int64_t count, const float *x,
                                  const float *packed, const float *bias, int64_t firstColumn, int64_t columns,
                                  float *y) {
  int64_t taps = s->kernelHeight * s->kernelWidth, channels = s->inChannels, ldy = s->outChannels;
  int64_t fitting = GEMM_INNER / channels > 1 ? GEMM_INNER / channels : 1, parts = (taps + fitting - 1) / fitting;
  int64_t tapsAPart = (taps + parts - 1) / parts;
  Block block;
  for (int64_t r = first; r < first + count; r += BLOCK_ROWS) {
    fill_block(s, r, smaller(BLOCK_ROWS, first + count - r), x, &block);
    for (int64_t c = firstColumn; c < firstColumn + columns; c += PANEL)
      for (int64_t tap = 0; tap < taps; tap += tapsAPart) {
        float *to = y + r * ldy + c;
        Start start = tap ? (Start){to, ldy} : (Start){bias ? bias + c : NULL, 0};
        Panel panel = {packed + (c * taps + tap * PANEL) * channels, channels, smaller(tapsAPart, taps - tap), NULL, 0};
        multiply_panel(&block, taps, tap, &panel, smaller(PANEL, firstColumn + columns - c), start, to, ldy);
      }
  }
}

#pragma clang attribute pop
#else

bool kernels_convolves_indirectly(const ConvolutionShape *s) { return false; }

void kernels_indirect_convolution(const ConvolutionShape *s, int64_t first, int64_t count, const float *x,
                                  const float *packed, const float *bias, int64_t firstColumn, int64_t columns,
                                  float *y) {
  abort();
}

#endif
