// The transforms of Winograd's minimal filtering F(m×m, 3×3) for convolutions of stride 1 and padding 1: m = 2 takes
// 16/36 of the direct multiplications, m = 4 a quarter of them, m = 6 a fifth. Source: Lavin and Gray 2016, "Fast
// Algorithms for Convolutional Neural Networks": Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A at the points 0, ±1, (±2, (±1/2,)) ∞.
// The gradient of the input is the same with flipped filters: Engine/Ops/Convolution/Winograd.swift.
//
// Images are NHWC and cut into tiles of m×m pixels, row by row, image after image; a tile that hangs over the edge is
// completed with zeros. Sixteen channels are transformed at a time.
#include "vector.h"

enum { LANES = 16, SIDE = 8, SQUARE = SIDE * SIDE };
typedef float Lanes __attribute__((vector_size(4 * LANES)));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES)));
typedef uint16_t BF16 __attribute__((vector_size(2 * LANES)));

// ---- The three transforms of one row, `step` apart, in place ----------------------------------------------------

/// Bᵀ d: m + 2 pixels to m + 2 positions.
INLINE void transform_pixels(int m, int step, Lanes *d) {
  Lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
  if (m == 2) {
    d[0] = d0 - d2;
    d[step] = d1 + d2;
    d[2 * step] = d2 - d1;
    d[3 * step] = d3 - d1;
    return;
  }
  Lanes d4 = d[4 * step], d5 = d[5 * step];
  if (m == 6) {
    Lanes d6 = d[6 * step], d7 = d[7 * step];
    Lanes even1 = d2 - 4.25f * d4 + d6, odd1 = d1 - 4.25f * d3 + d5;
    Lanes even2 = 0.25f * d2 - 1.25f * d4 + d6, odd2 = 0.5f * d1 - 2.5f * d3 + 2 * d5;
    Lanes evenHalf = 4 * d2 - 5 * d4 + d6, oddHalf = 2 * d1 - 2.5f * d3 + 0.5f * d5;
    d[0] = d0 - d6 + 5.25f * (d4 - d2);
    d[step] = even1 + odd1;
    d[2 * step] = even1 - odd1;
    d[3 * step] = even2 + odd2;
    d[4 * step] = even2 - odd2;
    d[5 * step] = evenHalf + oddHalf;
    d[6 * step] = evenHalf - oddHalf;
    d[7 * step] = d7 - d1 + 5.25f * (d3 - d5);
    return;
  }
  Lanes even = d4 - 4 * d2, odd = d3 - 4 * d1;
  Lanes far = d4 - d2, twice = 2 * (d3 - d1);
  d[0] = 4 * d0 - 5 * d2 + d4;
  d[step] = even + odd;
  d[2 * step] = even - odd;
  d[3 * step] = far + twice;
  d[4 * step] = far - twice;
  d[5 * step] = 4 * d1 - 5 * d3 + d5;
}

/// Aᵀ p: m + 2 positions to m pixels.
INLINE void transform_products(int m, int step, Lanes *p) {
  Lanes p0 = p[0], p1 = p[step], p2 = p[2 * step], p3 = p[3 * step];
  if (m == 2) {
    p[0] = p0 + p1 + p2;
    p[step] = p1 - p2 + p3;
    return;
  }
  Lanes p4 = p[4 * step], p5 = p[5 * step];
  Lanes near = p1 + p2, slope = p1 - p2, far = p3 + p4, steep = p3 - p4;
  if (m == 6) {
    Lanes p6 = p[6 * step], p7 = p[7 * step];
    Lanes half = p5 + p6, gentle = p5 - p6;
    p[0] = p0 + near + far + half;
    p[step] = slope + 2 * steep + 0.5f * gentle;
    p[2 * step] = near + 4 * far + 0.25f * half;
    p[3 * step] = slope + 8 * steep + 0.125f * gentle;
    p[4 * step] = near + 16 * far + 0.0625f * half;
    p[5 * step] = slope + 32 * steep + 0.03125f * gentle + p7;
    return;
  }
  p[0] = p0 + near + far;
  p[step] = slope + 2 * steep;
  p[2 * step] = near + 4 * far;
  p[3 * step] = slope + 8 * steep + p5;
}

/// G g: 3 taps to m + 2 positions.
INLINE void transform_taps(int m, int step, Lanes *g) {
  Lanes g0 = g[0], g1 = g[step], g2 = g[2 * step];
  if (m == 2) {
    g[step] = 0.5f * (g0 + g1 + g2);
    g[2 * step] = 0.5f * (g0 - g1 + g2);
    g[3 * step] = g2;
    return;
  }
  if (m == 6) {
    Lanes near = (g0 + g2) * (-2 / 9.0f), far = (g0 + 4 * g2) / 90, half = (4 * g0 + g2) * (8 / 45.0f);
    g[step] = near - g1 * (2 / 9.0f);
    g[2 * step] = near + g1 * (2 / 9.0f);
    g[3 * step] = far + g1 / 45;
    g[4 * step] = far - g1 / 45;
    g[5 * step] = half + g1 * (16 / 45.0f);
    g[6 * step] = half - g1 * (16 / 45.0f);
    g[7 * step] = g2;
    return;
  }
  Lanes near = -(g0 + g2) / 6, far = g0 / 24 + g2 / 6;
  g[0] = g0 / 4;
  g[step] = near - g1 / 6;
  g[2 * step] = near + g1 / 6;
  g[3 * step] = far + g1 / 12;
  g[4 * step] = far - g1 / 12;
  g[5 * step] = g2;
}

// ---- Sixteen channels, or as many as are left -------------------------------------------------------------------

INLINE void load(const float *from, int64_t count, Lanes *to) {
  if (count == LANES) {
    memcpy(to, from, sizeof *to);
    return;
  }
  *to = (Lanes){0};
  memcpy(to, from, sizeof(float) * (size_t)count);
}

INLINE void store(const Lanes *from, int64_t count, float *to) {
  memcpy(to, from, count == LANES ? sizeof *from : sizeof(float) * (size_t)count);
}

/// Rounded to the nearest bfloat16, ties to even.
INLINE void store_bf16(const Lanes *from, int64_t count, uint16_t *to) {
  Bits bits;
  memcpy(&bits, from, sizeof bits);
  BF16 rounded = __builtin_convertvector((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16, BF16);
  memcpy(to, &rounded, count == LANES ? sizeof rounded : sizeof(uint16_t) * (size_t)count);
}

// ---- Tiles ------------------------------------------------------------------------------------------------------

/// Where the pixels of a square of `size`², `reach` above and left of a tile, lie in an image; −1 outside of it.
INLINE void find_pixels(const WinogradShape *s, int64_t tile, int size, int reach, int64_t channels, int64_t *places) {
  int64_t down = (s->height + s->tile - 1) / s->tile, across = (s->width + s->tile - 1) / s->tile;
  int64_t line = tile / across, image = line / down;
  int64_t top = (line - image * down) * s->tile - reach, left = (tile - line * across) * s->tile - reach;
  for (int i = 0; i < size; i++) {
    bool inside = top + i >= 0 && top + i < s->height;
    int64_t start = ((image * s->height + top + i) * s->width + left) * channels;
    for (int j = 0; j < size; j++)
      places[i * size + j] = inside && left + j >= 0 && left + j < s->width ? start + j * channels : -1;
  }
}

INLINE void gather_lanes(int m, int64_t count, const float *images, const int64_t *places, bool bf16, int64_t stride,
                         void *rows, int64_t at) {
  static const float zeros[LANES];
  int size = m + 2;
  Lanes d[SQUARE];
  for (int j = 0; j < size; j++) {
    for (int i = 0; i < size; i++) {
      int64_t place = places[i * size + j];
      load(place >= 0 ? images + place : zeros, count, &d[i * size + j]);
    }
    transform_pixels(m, size, d + j);
  }
  for (int i = 0; i < size; i++) {
    transform_pixels(m, 1, d + i * size);
    for (int p = i * size; p < (i + 1) * size; p++) {
      if (bf16)
        store_bf16(&d[p], count, (uint16_t *)rows + at + p * stride);
      else
        store(&d[p], count, (float *)rows + at + p * stride);
    }
  }
}

INLINE void gather(int m, bool bf16, const WinogradShape *s, int64_t channels, int64_t first, int64_t count,
                   const float *images, const WinogradRows *rows) {
  int64_t places[SQUARE], whole = channels / LANES * LANES;
  for (int64_t t = 0; t < count; t++) {
    find_pixels(s, first + t, m + 2, 1, channels, places);
    int64_t at = (rows->first + t) * channels;
    for (int64_t c = 0; c < whole; c += LANES)
      gather_lanes(m, LANES, images + c, places, bf16, rows->stride, rows->data, at + c);
    if (whole < channels)
      gather_lanes(m, channels - whole, images + whole, places, bf16, rows->stride, rows->data, at + whole);
  }
}

CLONES void kernels_winograd_gather(const WinogradShape *s, int64_t channels, int64_t first, int64_t count,
                                    const float *images, const WinogradRows *rows) {
  if (s->tile == 6)
    gather(6, false, s, channels, first, count, images, rows);
  else if (s->tile == 4)
    gather(4, false, s, channels, first, count, images, rows);
  else if (rows->bf16)
    gather(2, true, s, channels, first, count, images, rows);
  else
    gather(2, false, s, channels, first, count, images, rows);
}

INLINE void scatter_lanes(int m, int64_t count, const float *rows, int64_t stride, const float *bias,
                          const int64_t *places, float *images) {
  int size = m + 2;
  Lanes p[SQUARE], b = {0};
  if (bias) load(bias, count, &b);
  for (int j = 0; j < size; j++) {
    for (int i = 0; i < size; i++) load(rows + (i * size + j) * stride, count, &p[i * size + j]);
    transform_products(m, size, p + j);
  }
  for (int i = 0; i < m; i++) {
    transform_products(m, 1, p + i * size);
    for (int j = 0; j < m; j++) {
      Lanes pixel = p[i * size + j] + b;
      if (places[i * m + j] >= 0) store(&pixel, count, images + places[i * m + j]);
    }
  }
}

INLINE void scatter(int m, const WinogradShape *s, int64_t channels, int64_t first, int64_t count,
                    const WinogradRows *rows, const float *bias, float *images) {
  int64_t places[SQUARE], whole = channels / LANES * LANES;
  for (int64_t t = 0; t < count; t++) {
    find_pixels(s, first + t, m, 0, channels, places);
    const float *row = (const float *)rows->data + (rows->first + t) * channels;
    for (int64_t c = 0; c < whole; c += LANES)
      scatter_lanes(m, LANES, row + c, rows->stride, bias ? bias + c : NULL, places, images + c);
    if (whole < channels)
      scatter_lanes(m, channels - whole, row + whole, rows->stride, bias ? bias + whole : NULL, places, images + whole);
  }
}

CLONES void kernels_winograd_scatter(const WinogradShape *s, int64_t channels, int64_t first, int64_t count,
                                     const WinogradRows *rows, const float *bias, float *images) {
  if (s->tile == 6)
    scatter(6, s, channels, first, count, rows, bias, images);
  else if (s->tile == 4)
    scatter(4, s, channels, first, count, rows, bias, images);
  else
    scatter(2, s, channels, first, count, rows, bias, images);
}

// ---- Filters ----------------------------------------------------------------------------------------------------

INLINE void filters(int m, int64_t inputs, int64_t outputs, bool flipped, const float *oihw, float *u) {
  int size = m + 2;
  int64_t columns = flipped ? inputs : outputs, rows = flipped ? outputs : inputs;
  int64_t column_step = 9 * (flipped ? 1 : inputs), row_step = 9 * (flipped ? inputs : 1);
  for (int64_t row = 0; row < rows; row++)
    for (int64_t c = 0; c < columns; c += LANES) {
      int64_t count = columns - c < LANES ? columns - c : LANES;
      Lanes g[SQUARE];
      memset(g, 0, sizeof g);
      for (int64_t l = 0; l < count; l++) {
        const float *from = oihw + row * row_step + (c + l) * column_step;
        for (int k = 0; k < 9; k++) g[k / 3 * size + k % 3][l] = from[flipped ? 8 - k : k];
      }
      for (int i = 0; i < 3; i++) transform_taps(m, size, g + i);
      for (int i = 0; i < size; i++) transform_taps(m, 1, g + i * size);
      for (int p = 0; p < size * size; p++) store(&g[p], count, u + (p * rows + row) * columns + c);
    }
}

CLONES void kernels_winograd_filters(int32_t tile, int64_t inputs, int64_t outputs, bool flipped, const float *oihw,
                                     float *u) {
  if (tile == 6)
    filters(6, inputs, outputs, flipped, oihw, u);
  else if (tile == 4)
    filters(4, inputs, outputs, flipped, oihw, u);
  else
    filters(2, inputs, outputs, flipped, oihw, u);
}
