// The kernels in C alone, against sums in double written as their definitions: for processors that the Swift tests do not
// run on. scripts/check-portable builds it for aarch64 and runs it in an emulator; it also runs on the machine itself.
//
// Prints a line for each kernel; the status is 1 if one is further off than rounding explains.
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

static int failures;

static void report(const char *name, double error, double allowed) {
  bool holds = error <= allowed;
  printf("%-6s %-42s %.1e (at most %.0e)\n", holds ? "ok" : "WRONG", name, error, allowed);
  failures += !holds;
}

static float *numbers(int64_t n, uint32_t stream) {
  float *x = malloc((size_t)n * sizeof *x);
  kernels_philox_uniform((uint32_t[2]){1, 2}, stream, 0, 0, n, 1, x);
  return x;
}

/// The largest difference, as a part of the largest number.
static double difference(int64_t n, const float *x, const double *right) {
  double most = 0, size = 1e-30;
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs(x[i] - right[i]));
    if (!isfinite(x[i])) most = INFINITY;
    size = fmax(size, fabs(right[i]));
  }
  return most / size;
}

static void product(int64_t m, int64_t k, int64_t n, bool transposed, bool packsA, bool packsB) {
  float *a = numbers(m * k, 1), *b = numbers(k * n, 2), *bias = numbers(n, 3), *c = calloc((size_t)(m * n), sizeof *c);
  double *right = malloc((size_t)(m * n) * sizeof *right);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = bias[j];
      for (int64_t l = 0; l < k; l++) sum += (double)a[i * k + l] * b[transposed ? j * k + l : l * n + j];
      right[i * n + j] = sum;
    }
  KernelsProduct p = {.m = m, .n = n, .k = k, .a = a, .lda = k, .b = b, .ldb = transposed ? k : n,
                      .transposeB = transposed, .bias = bias, .c = c, .ldc = n};
  KernelsPath path = kernels_path() <= KERNELS_PORTABLE ? kernels_path() : KERNELS_PORTABLE;
  kernels_own_matmul(path, &p, packsA, packsB);
  char name[80];
  snprintf(name, sizeof name, "product %d×%d→%d%s%s%s", (int)m, (int)k, (int)n, transposed ? ", transposed" : "",
           packsA ? ", A packed" : "", packsB ? ", B packed" : "");
  report(name, difference(m * n, c, right), 2e-6);
  free(a), free(b), free(bias), free(c), free(right);
}

static void half_floats(void) {
  double wrong = 0;
  for (uint32_t bits = 0; bits < 65536; bits++) {
    uint16_t half = (uint16_t)bits;
    float y, back;
    kernels_float_from_f16(1, &half, &y);
    int exponent = bits >> 10 & 31;
    double mantissa = bits & 1023, right = exponent == 31 ? (mantissa ? NAN : INFINITY)
                                       : exponent ? ldexp(1 + mantissa / 1024, exponent - 15)
                                                  : ldexp(mantissa / 1024, -14);
    if (bits >> 15) right = -right;
    wrong += isnan(right) ? !isnan(y) : y != right;
    kernels_float_from_bf16(1, &half, &y);
    uint16_t again;
    kernels_bf16_from_float(1, &y, &again);
    kernels_float_from_bf16(1, &again, &back);
    wrong += isnan(y) ? !isnan(back) : memcmp(&y, &back, 4) != 0;
  }
  report("every number of 16 bits", wrong, 0);
}

/// One head's attention and its gradient: the gradient against differences of the attention itself, in double.
static void attention_in_double(const AttentionShape *s, const double *q, const double *k, const double *v, double *out) {
  for (int64_t i = 0; i < s->queries; i++) {
    int64_t visible = s->causal ? i + 1 : s->keys;
    double most = -INFINITY, sum = 0, *weights = malloc((size_t)visible * sizeof *weights);
    for (int64_t j = 0; j < visible; j++) {
      weights[j] = 0;
      for (int64_t l = 0; l < s->headWidth; l++) weights[j] += s->scale * q[i * s->headWidth + l] * k[j * s->headWidth + l];
      most = fmax(most, weights[j]);
    }
    for (int64_t j = 0; j < visible; j++) sum += weights[j] = exp(weights[j] - most);
    for (int64_t l = 0; l < s->headWidth; l++) {
      out[i * s->headWidth + l] = 0;
      for (int64_t j = 0; j < visible; j++) out[i * s->headWidth + l] += weights[j] / sum * v[j * s->headWidth + l];
    }
    free(weights);
  }
}

static double *doubles(int64_t n, const float *x) {
  double *y = malloc((size_t)n * sizeof *y);
  for (int64_t i = 0; i < n; i++) y[i] = x[i];
  return y;
}

static double slope(const AttentionShape *s, double *q, double *k, double *v, double *changed, const float *dOut) {
  double step = 1e-5, before = *changed, sums[2] = {0, 0};
  int64_t n = s->queries * s->headWidth;
  double *out = malloc((size_t)n * sizeof *out);
  for (int side = 0; side < 2; side++) {
    *changed = before + (side ? step : -step);
    attention_in_double(s, q, k, v, out);
    for (int64_t i = 0; i < n; i++) sums[side] += out[i] * dOut[i];
  }
  *changed = before;
  free(out);
  return (sums[1] - sums[0]) / (2 * step);
}

static double error_of_slopes(const AttentionShape *s, double *q, double *k, double *v, double *of, int64_t n,
                              const float *gradient, const float *dOut) {
  double *right = calloc((size_t)n, sizeof *right);
  float *some = calloc((size_t)n, sizeof *some);
  for (int64_t i = 0; i < n; i += n / 9) right[i] = slope(s, q, k, v, of + i, dOut), some[i] = gradient[i];
  double error = difference(n, some, right);
  free(right), free(some);
  return error;
}

static void attention(int64_t queries, int64_t keys, int64_t width, bool causal) {
  AttentionShape s = {.queries = queries, .keys = keys, .headWidth = width, .queryStride = width, .keyStride = width,
                      .valueStride = width, .outStride = width, .scale = 1 / sqrtf((float)width), .causal = causal};
  int64_t nq = queries * width, nk = keys * width;
  float *q = numbers(nq, 4), *k = numbers(nk, 5), *v = numbers(nk, 6), *dOut = numbers(nq, 7);
  float *out = calloc((size_t)nq, 4), *lse = calloc((size_t)queries, 4), *dq = calloc((size_t)nq, 4);
  float *dk = calloc((size_t)nk, 4), *dv = calloc((size_t)nk, 4), *sums = calloc((size_t)(2 * nk), 4);
  double *q2 = doubles(nq, q), *k2 = doubles(nk, k), *v2 = doubles(nk, v), *right = malloc((size_t)nq * sizeof *right);
  int64_t packedBytes = kernels_attention_packed_bytes(&s);
  void *packed = packedBytes ? aligned_alloc(64, (size_t)(packedBytes + 63) / 64 * 64) : NULL;
  int64_t bytes = kernels_attention_scratch_bytes(&s), more = kernels_attention_gradient_scratch_bytes(&s);
  void *scratch = aligned_alloc(64, (size_t)((bytes > more ? bytes : more) + 127) / 64 * 64);
  if (packed) kernels_attention_pack(&s, k, v, packed, scratch);
  kernels_attention(&s, 0, queries, q, k, v, packed, out, lse, scratch);
  attention_in_double(&s, q2, k2, v2, right);
  char name[80];
  snprintf(name, sizeof name, "attention %d×%d of %d%s", (int)queries, (int)keys, (int)width, causal ? ", causal" : "");
  report(name, difference(nq, out, right), 4e-6);

  void *sides = aligned_alloc(64, (size_t)(kernels_attention_gradient_packed_bytes(&s) + 127) / 64 * 64);
  AttentionQueries all = {.q = q, .out = out, .dOut = dOut, .logSumExp = lse, .dq = dq};
  kernels_attention_gradient_pack(&s, k, v, sides);
  kernels_attention_gradient(&s, 0, queries, &all, sides, sums, scratch);
  kernels_attention_gradient_gather(&s, 1, sums, dk, dv);
  double error = error_of_slopes(&s, q2, k2, v2, q2, nq, dq, dOut);
  error = fmax(error, error_of_slopes(&s, q2, k2, v2, k2, nk, dk, dOut));
  error = fmax(error, error_of_slopes(&s, q2, k2, v2, v2, nk, dv, dOut));
  report("  its gradient, beside finite differences", error, 2e-5);
  free(q), free(k), free(v), free(dOut), free(out), free(lse), free(dq), free(dk), free(dv), free(sums);
  free(q2), free(k2), free(v2), free(right), free(packed), free(scratch), free(sides);
}

static void convolve_in_double(const ConvolutionShape *s, const float *x, const float *oihw, double *y) {
  for (int64_t r = 0; r < (int64_t)s->batch * s->outHeight * s->outWidth; r++)
    for (int64_t o = 0; o < s->outChannels; o++) {
      int64_t image = r / s->outWidth / s->outHeight, top = r / s->outWidth % s->outHeight * s->stride - s->padTop;
      int64_t left = r % s->outWidth * s->stride - s->padLeft;
      double sum = 0;
      for (int64_t i = 0; i < s->kernelHeight; i++)
        for (int64_t j = 0; j < s->kernelWidth; j++) {
          if (top + i < 0 || top + i >= s->height || left + j < 0 || left + j >= s->width) continue;
          const float *pixel = x + ((image * s->height + top + i) * s->width + left + j) * s->inChannels;
          for (int64_t c = 0; c < s->inChannels; c++)
            sum += (double)pixel[c] * oihw[((o * s->inChannels + c) * s->kernelHeight + i) * s->kernelWidth + j];
        }
      y[r * s->outChannels + o] = sum;
    }
}

/// Winograd's transforms with products in double between them, and im2col.
static void convolution(int32_t tile) {
  ConvolutionShape s = {2, 9, 11, 24, 40, 3, 3, 1, 1, 1, 1, 1, 9, 11};
  int64_t pixels = 2 * 9 * 11, ni = pixels * 24, no = pixels * 40, taps = (tile + 2) * (tile + 2);
  float *x = numbers(ni, 8), *w = numbers(40 * 24 * 9, 9), *y = calloc((size_t)no, 4);
  double *right = malloc((size_t)no * sizeof *right);
  convolve_in_double(&s, x, w, right);
  int64_t tiles = 2 * ((9 + tile - 1) / tile) * ((11 + tile - 1) / tile);
  float *u = calloc((size_t)(taps * 24 * 40), 4), *from = calloc((size_t)(taps * tiles * 24), 4);
  float *to = calloc((size_t)(taps * tiles * 40), 4);
  WinogradShape shape = {tile, 9, 11};
  WinogradRows in = {from, 0, tiles * 24, false}, results = {to, 0, tiles * 40, false};
  kernels_winograd_filters(tile, 24, 40, false, w, u);
  kernels_winograd_gather(&shape, 24, 0, tiles, x, &in);
  for (int64_t t = 0; t < taps; t++)
    for (int64_t r = 0; r < tiles; r++)
      for (int64_t o = 0; o < 40; o++) {
        double sum = 0;
        for (int64_t i = 0; i < 24; i++) sum += (double)from[(t * tiles + r) * 24 + i] * u[(t * 24 + i) * 40 + o];
        to[(t * tiles + r) * 40 + o] = (float)sum;
      }
  kernels_winograd_scatter(&shape, 40, 0, tiles, &results, NULL, y);
  char name[80];
  snprintf(name, sizeof name, "3×3 convolution by tiles of %d×%d", tile, tile);
  report(name, difference(no, y, right), tile == 6 ? 2e-5 : 4e-6);
  float *rows = calloc((size_t)(pixels * 24 * 9), 4);
  kernels_im2col(&s, 0, pixels, x, rows);
  for (int64_t r = 0; r < pixels; r++)
    for (int64_t o = 0; o < 40; o++) {
      double sum = 0;
      for (int64_t i = 0; i < 24 * 9; i++) sum += (double)rows[r * 24 * 9 + i] * w[o * 24 * 9 + i];
      y[r * 40 + o] = (float)sum;
    }
  report("  im2col", difference(no, y, right), 1e-6);
  free(x), free(w), free(y), free(right), free(u), free(from), free(to), free(rows);
}

static void elementwise(void) {
  int64_t n = 4001;
  float *x = malloc((size_t)n * 4), *y = malloc((size_t)n * 4);
  double *right = malloc((size_t)n * sizeof *right);
  for (int64_t i = 0; i < n; i++) x[i] = (float)(i - 2000) / 200;
  const char *names[] = {"SiLU", "GELU", "QuickGELU", "GELU by tanh"};
  for (int kind = 0; kind < 4; kind++) {
    kernels_activation((KernelsActivation)kind, n, x, y);
    for (int64_t i = 0; i < n; i++) {
      double v = x[i], wave = sqrt(2 / M_PI) * (v + 0.044715 * v * v * v);
      double gates[] = {1 / (1 + exp(-v)), 0.5 * (1 + erf(v / sqrt(2))), 1 / (1 + exp(-1.702 * v)), 0.5 * (1 + tanh(wave))};
      right[i] = v * gates[kind];
    }
    report(names[kind], difference(n, y, right), 1e-6);
  }
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i], squares += (double)x[i] * x[i];
  report("sum of squares", fabs(kernels_sum_squares(n, x) / squares - 1), 1e-6);
  report("sum", fabs(kernels_sum(n, x) - sum), 1e-3);
  free(x), free(y), free(right);
}

static void layer_norm(void) {
  enum { ROWS = 7, WIDTH = 193 };
  float *x = numbers(ROWS * WIDTH, 10), *scale = numbers(WIDTH, 11), *shift = numbers(WIDTH, 12);
  float y[ROWS * WIDTH], mean[ROWS], inverse[ROWS];
  double right[ROWS * WIDTH];
  kernels_layer_norm(ROWS, WIDTH, x, scale, shift, 1e-5f, y, mean, inverse);
  for (int r = 0; r < ROWS; r++) {
    double m = 0, v = 0;
    for (int i = 0; i < WIDTH; i++) m += x[r * WIDTH + i] / (double)WIDTH;
    for (int i = 0; i < WIDTH; i++) v += pow(x[r * WIDTH + i] - m, 2) / WIDTH;
    for (int i = 0; i < WIDTH; i++) right[r * WIDTH + i] = (x[r * WIDTH + i] - m) / sqrt(v + 1e-5) * scale[i] + shift[i];
  }
  report("layer norm", difference(ROWS * WIDTH, y, right), 2e-6);
  free(x), free(scale), free(shift);
}

/// The numbers of Salmon et al. 2011 (Random123's known answers).
static void philox(void) {
  uint32_t out[4], right[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  kernels_philox((uint32_t[2]){0, 0}, (uint32_t[4]){0, 0, 0, 0}, out);
  report("Philox4x32-10", memcmp(out, right, sizeof out) != 0, 0);
}

int main(void) {
  printf("kernels: %s\n", kernels_path_name(kernels_path()));
  for (int way = 0; way < 8; way++) {
    product(29, 71, 53, way & 1, way & 2, way & 4);
    product(1, 700, 33, way & 1, way & 2, way & 4);
  }
  product(300, 330, 64, true, false, true);
  half_floats();
  attention(65, 65, 32, false);
  attention(77, 77, 64, true);
  attention(30, 600, 40, false);
  attention(16, 4, 64, false);
  for (int32_t tile = 2; tile <= 6; tile += 2) convolution(tile);
  elementwise();
  layer_norm();
  philox();
  return failures > 0;
}
