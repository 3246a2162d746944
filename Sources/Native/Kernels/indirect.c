// Indirect convolutions: products whose tiles find the pixels under the filters by their addresses, so that none is
// copied (Dukhan 2019, “The Indirect Convolution Algorithm”). Filters are packed like the right side of a product, tap
// after tap; a sum is taken in the same order whatever the pixels and columns around it. The gradient of the input is
// the same with flipped filters: Engine/Ops/Convolution/IndirectConvolution.swift.
#include "micro_kernel.h"

enum {
  BLOCK_ROWS = 192,  // results whose addresses are looked up at once
  TILES = BLOCK_ROWS / MR,
  MOST_TAPS = 25,
  MOST_CHANNELS = 1024
};

/// What lies outside of an image.
static const float nothing[MOST_CHANNELS];

/// Writes the addresses of the pixels under the filters of result r, MR apart.
INLINE void look_up(const ConvolutionShape *s, int64_t r, const float *x, const float **to) {
  int64_t image = r / s->outWidth / s->outHeight;
  int64_t top = r / s->outWidth % s->outHeight * s->stride - s->padTop;
  int64_t left = r % s->outWidth * s->stride - s->padLeft;
  for (int64_t i = top; i < top + s->kernelHeight; i++)
    for (int64_t j = left; j < left + s->kernelWidth; j++, to += MR) {
      bool isInside = i >= 0 && i < s->height && j >= 0 && j < s->width;
      *to = isInside ? x + ((image * s->height + i) * s->width + j) * s->inChannels : nothing;
    }
}

/// For each tile of a block of results, tap after tap, the address of the pixel of each result.
static void look_up_block(const ConvolutionShape *s, int64_t first, int64_t count, const float *x, const float **to) {
  int64_t taps = s->kernelHeight * s->kernelWidth;
  TileShare share = tile_share(count);
  for (int64_t t = 0, r = first; t < share.tiles; t++)
    for (int64_t lane = 0; lane < share.rows + (t < share.longer); lane++, r++)
      look_up(s, r, x, to + t * taps * MR + lane);
}

bool kernels_convolves_indirectly(const ConvolutionShape *s) {
  return kernels_gemm_backend() == KERNELS_GEMM_OWN && s->kernelHeight * s->kernelWidth <= MOST_TAPS &&
         s->inChannels <= MOST_CHANNELS;
}

void kernels_indirect_convolution(const ConvolutionShape *s, int64_t first, int64_t count, const float *x,
                                  const float *packed, const float *bias, int64_t firstColumn, int64_t columns,
                                  float *y) {
  int64_t taps = s->kernelHeight * s->kernelWidth, channels = s->inChannels, ldy = s->outChannels;
  int64_t fitting = larger(1, KC / channels), parts = (taps + fitting - 1) / fitting;
  int64_t tapsPerPart = (taps + parts - 1) / parts;
  const float *pixels[TILES * MOST_TAPS * MR];
  for (int64_t r = first; r < first + count; r += BLOCK_ROWS) {
    int64_t rows = smaller(BLOCK_ROWS, first + count - r);
    look_up_block(s, r, rows, x, pixels);
    for (int64_t c = firstColumn; c < firstColumn + columns; c += NR)
      for (int64_t tap = 0; tap < taps; tap += tapsPerPart) {
        float *to = y + r * ldy + c;
        Addend add = tap ? (Addend){to, ldy} : (Addend){bias ? bias + c : NULL, 0};
        ARows a = {.layout = INDIRECT, .pixels = pixels + tap * MR, .tileStride = taps * MR};
        int64_t k = smaller(tapsPerPart, taps - tap) * channels;
        const float *filters = packed + (c * taps + tap * NR) * channels;
        // What follows in memory is multiplied next.
        Prefetch after = {(const char *)(filters + k * NR), 64, 64 * NR, k * NR / 16, 0, 0};
        BPanel b = {filters, k, channels, after};
        multiply_panel(a, rows, smaller(NR, firstColumn + columns - c), &b, add, to, ldy);
      }
  }
}
