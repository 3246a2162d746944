// im2col and col2im, for convolutions as matrix products: the pixels under the filters of one result lie in one row of
// a matrix, channel after channel, the taps of a channel together, as in a filter. The gradient of im2col is col2im.
#include "gemm.h"
#include "vector.h"

enum { MOST_TAPS = 64 };

/// A pixel's channels, `step` apart: outside of the image one zero stands for all of them.
typedef struct {
  const float *channels;
  int64_t step;
} Pixel;

/// The pixels under the filters of result r, one for each tap.
INLINE void find_pixels(const ConvolutionShape *s, int64_t r, const float *x, Pixel *pixels) {
  static const float zero = 0;
  int64_t image = r / s->outWidth / s->outHeight;
  int64_t top = r / s->outWidth % s->outHeight * s->stride - s->padTop;
  int64_t left = r % s->outWidth * s->stride - s->padLeft;
  for (int64_t i = top; i < top + s->kernelHeight; i++)
    for (int64_t j = left; j < left + s->kernelWidth; j++) {
      bool inside = i >= 0 && i < s->height && j >= 0 && j < s->width;
      *pixels++ = inside ? (Pixel){x + ((image * s->height + i) * s->width + j) * s->inChannels, 1} : (Pixel){&zero, 0};
    }
}

/// A row is written from one end to the other: the pixels are many streams, but near.
INLINE void write_row(int64_t channels, int64_t taps, const Pixel *pixels, float *to) {
  for (int64_t c = 0; c < channels; c++)
    for (int64_t tap = 0; tap < taps; tap++) *to++ = pixels[tap].channels[c * pixels[tap].step];
}

void kernels_im2col(const ConvolutionShape *s, int64_t first, int64_t count, const float *x, float *rows) {
  int64_t channels = s->inChannels, taps = s->kernelHeight * s->kernelWidth;
  Pixel pixels[MOST_TAPS];
  for (int64_t r = first; r < first + count; r++, rows += channels * taps) {
    find_pixels(s, r, x, pixels);
    if (taps == 9)
      write_row(channels, 9, pixels, rows);
    else
      write_row(channels, taps, pixels, rows);
  }
}

/// The result whose tap `tap` lies on a pixel at `at` (padding included); −1 for none.
INLINE int64_t result_at(int64_t at, int64_t tap, int64_t stride, int64_t results) {
  int64_t start = at - tap;
  return start >= 0 && start % stride == 0 && start / stride < results ? start / stride : -1;
}

/// The places of the pixel in line r, column j, in all rows that have it: one for each tap, or null.
INLINE void find_places(const ConvolutionShape *s, int64_t r, int64_t j, const float *dRows, const float **places) {
  int64_t taps = s->kernelHeight * s->kernelWidth, line = r % s->height + s->padTop, image = r / s->height;
  for (int64_t tap = 0; tap < taps; tap++) {
    int64_t y = result_at(line, tap / s->kernelWidth, s->stride, s->outHeight);
    int64_t x = result_at(j + s->padLeft, tap % s->kernelWidth, s->stride, s->outWidth);
    int64_t row = (image * s->outHeight + y) * s->outWidth + x;
    places[tap] = y < 0 || x < 0 ? NULL : dRows + row * taps * s->inChannels + tap;
  }
}

void kernels_col2im(const ConvolutionShape *s, int64_t first, int64_t count, const float *dRows, float *dx) {
  int64_t channels = s->inChannels, taps = s->kernelHeight * s->kernelWidth;
  const float *places[MOST_TAPS];
  for (int64_t r = first; r < first + count; r++)
    for (int64_t j = 0; j < s->width; j++) {
      float *to = dx + (r * s->width + j) * channels;
      memset(to, 0, sizeof(float) * (size_t)channels);
      find_places(s, r, j, dRows, places);
      for (int64_t c = 0; c < channels; c += 64) {
        int64_t end = channels - c < 64 ? channels : c + 64;
        for (int64_t tap = 0; tap < taps; tap++)
          if (places[tap])
            for (int64_t i = c; i < end; i++) to[i] += places[tap][i * taps];
      }
    }
}

// ---- Indirect convolutions (indirect.inc) -----------------------------------------------------------------------

bool kernels_convolves_indirectly(const ConvolutionShape *s) {
  return own_kernels() && s->kernelHeight * s->kernelWidth <= OWN_MOST_TAPS && s->inChannels <= OWN_MOST_CHANNELS;
}

void kernels_indirect_convolution(const ConvolutionShape *s, int64_t first, int64_t count, const float *x,
                                  const float *packed, const float *bias, int64_t firstColumn, int64_t columns,
                                  float *y) {
  own_kernels()->convolve(s, first, count, x, packed, bias, firstColumn, columns, y);
}
