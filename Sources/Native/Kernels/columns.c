// Convolutions as matrix products: the pixels that meet the filters for one result lie in one row of a matrix.
#include "vector.h"

/// `n` floats as they are, or rounded to the nearest bfloat16; null stands for zeros.
INLINE void put(bool bf16, int64_t n, const float *from, void *to, int64_t at) {
  if (!from)
    memset((char *)to + at * (bf16 ? 2 : 4), 0, (size_t)n * (bf16 ? 2 : 4));
  else if (bf16)
    kernels_bf16_from_float(n, from, (uint16_t *)to + at);
  else
    memcpy((float *)to + at, from, sizeof(float) * (size_t)n);
}

void kernels_columns(const ConvolutionShape *s, int64_t first, int64_t count, const float *x, bool bf16, void *rows) {
  int64_t c = s->inChannels, at = 0;
  for (int64_t r = first; r < first + count; r++) {
    int64_t image = r / s->outWidth / s->outHeight;
    int64_t top = r / s->outWidth % s->outHeight * s->stride - s->padTop;
    int64_t left = r % s->outWidth * s->stride - s->padLeft;
    for (int64_t i = top; i < top + s->kernelHeight; i++)
      for (int64_t j = left; j < left + s->kernelWidth; j++, at += c) {
        bool inside = i >= 0 && i < s->height && j >= 0 && j < s->width;
        put(bf16, c, inside ? x + ((image * s->height + i) * s->width + j) * c : NULL, rows, at);
      }
  }
}

/// The result that a pixel at `at` (padding included) meets at `tap` of the filters; −1 for none.
INLINE int64_t result_at(int64_t at, int64_t tap, int64_t stride, int64_t results) {
  int64_t start = at - tap;
  return start >= 0 && start % stride == 0 && start / stride < results ? start / stride : -1;
}

CLONES void kernels_columns_gradient(const ConvolutionShape *s, int64_t first, int64_t count, const float *dRows,
                                     float *dx) {
  int64_t c = s->inChannels, taps = s->kernelHeight * s->kernelWidth;
  for (int64_t r = first; r < first + count; r++)
    for (int64_t j = 0; j < s->width; j++) {
      float *to = dx + (r * s->width + j) * c;
      memset(to, 0, sizeof(float) * (size_t)c);
      for (int64_t tap = 0; tap < taps; tap++) {
        int64_t y = result_at(r % s->height + s->padTop, tap / s->kernelWidth, s->stride, s->outHeight);
        int64_t x = result_at(j + s->padLeft, tap % s->kernelWidth, s->stride, s->outWidth);
        if (y < 0 || x < 0) continue;
        const float *from = dRows + (((r / s->height * s->outHeight + y) * s->outWidth + x) * taps + tap) * c;
        for (int64_t i = 0; i < c; i++) to[i] += from[i];
      }
    }
}

void kernels_filter_rows(int64_t outputs, int64_t inputs, int64_t taps, const float *oihw, float *ohwi) {
  for (int64_t o = 0; o < outputs; o++)
    for (int64_t tap = 0; tap < taps; tap++)
      for (int64_t i = 0; i < inputs; i++)
        ohwi[(o * taps + tap) * inputs + i] = oihw[(o * inputs + i) * taps + tap];
}
