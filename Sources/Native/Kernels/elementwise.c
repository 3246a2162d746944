// Elementwise arithmetic, activations and sums; each gradient stands below its function.
#include "vector.h"

CLONES void kernels_add(int64_t n, const float *a, const float *b, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = a[i] + b[i];
}

CLONES void kernels_subtract(int64_t n, const float *a, const float *b, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = a[i] - b[i];
}

CLONES void kernels_multiply(int64_t n, const float *a, const float *b, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = a[i] * b[i];
}

CLONES void kernels_affine(int64_t n, const float *a, float scale, float offset, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = scale * a[i] + offset;
}

CLONES void kernels_axpy(int64_t n, float scale, const float *x, float *y) {
  for (int64_t i = 0; i < n; i++) y[i] += scale * x[i];
}

CLONES void kernels_blend(int64_t n, float p, const float *a, float q, const float *b, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = p * a[i] + q * b[i];
}

CLONES void kernels_column_sums(int64_t rows, int64_t c, const float *x, bool accumulate, float *sums) {
  if (!accumulate) memset(sums, 0, sizeof(float) * (size_t)c);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < c; i++) sums[i] += x[r * c + i];
}

// Sums in blocks: float lanes inside a block (fast), double across blocks (exact enough for millions of numbers).
enum { BLOCK = 1024 };

#define BLOCKED_SUM(term)                                    \
  double total = 0;                                          \
  for (int64_t start = 0; start < n; start += BLOCK) {       \
    int64_t end = start + BLOCK < n ? start + BLOCK : n;     \
    float block = 0;                                         \
    {                                                        \
      _Pragma("clang fp reassociate(on)")                    \
      for (int64_t i = start; i < end; i++) block += (term); \
    }                                                        \
    total += (double)block;                                  \
  }                                                          \
  return total;

CLONES double kernels_sum(int64_t n, const float *x) { BLOCKED_SUM(x[i]) }
CLONES double kernels_dot(int64_t n, const float *a, const float *b) { BLOCKED_SUM(a[i] * b[i]) }
double kernels_sum_squares(int64_t n, const float *x) { return kernels_dot(n, x, x); }
CLONES double kernels_squared_distance(int64_t n, const float *a, const float *b) {
  BLOCKED_SUM((a[i] - b[i]) * (a[i] - b[i]))
}

CLONES void kernels_activation(KernelsActivation kind, int64_t n, const float *x, float *y) {
  switch (kind) {
    case KERNELS_SILU:
      for (int64_t i = 0; i < n; i++) y[i] = silu(x[i]);
      break;
    case KERNELS_GELU:
      for (int64_t i = 0; i < n; i++) y[i] = gelu(x[i]);
      break;
    case KERNELS_QUICK_GELU:
      for (int64_t i = 0; i < n; i++) y[i] = x[i] * fast_sigmoid(1.702f * x[i]);
      break;
    case KERNELS_GELU_TANH:
      for (int64_t i = 0; i < n; i++) {
        float inner = 0.79788456080286536f * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
        y[i] = 0.5f * x[i] * (1.0f + fast_tanh(inner));
      }
      break;
  }
}

CLONES void kernels_activation_gradient(KernelsActivation kind, int64_t n, const float *x, const float *dy,
                                        float *dx) {
  switch (kind) {
    case KERNELS_SILU:
      for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * silu_slope(x[i]);
      break;
    case KERNELS_GELU:
      for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * gelu_slope(x[i]);
      break;
    case KERNELS_QUICK_GELU:
      for (int64_t i = 0; i < n; i++) {
        float s = fast_sigmoid(1.702f * x[i]);
        dx[i] = dy[i] * (s + 1.702f * x[i] * s * (1.0f - s));
      }
      break;
    case KERNELS_GELU_TANH:
      for (int64_t i = 0; i < n; i++) {
        float x2 = x[i] * x[i];
        float t = fast_tanh(0.79788456080286536f * (x[i] + 0.044715f * x[i] * x2));
        float slope = 0.79788456080286536f * (1.0f + 3.0f * 0.044715f * x2);
        dx[i] = dy[i] * (0.5f * (1.0f + t) + 0.5f * x[i] * (1.0f - t * t) * slope);
      }
      break;
  }
}

CLONES void kernels_geglu(int64_t rows, int64_t c, const float *x, float *y) {
  for (int64_t r = 0; r < rows; r++) {
    const float *value = x + r * 2 * c, *gate = value + c;
    float *out = y + r * c;
    for (int64_t i = 0; i < c; i++) out[i] = value[i] * gelu(gate[i]);
  }
}

CLONES void kernels_geglu_gradient(int64_t rows, int64_t c, const float *x, const float *dy, float *dx) {
  for (int64_t r = 0; r < rows; r++) {
    const float *value = x + r * 2 * c, *gate = value + c, *d = dy + r * c;
    float *dvalue = dx + r * 2 * c, *dgate = dvalue + c;
    for (int64_t i = 0; i < c; i++) {
      // Read before anything is written, the gate's error function is computed once for both.
      float g = gate[i], v = value[i], arriving = d[i];
      float open = gelu(g), slope = gelu_slope(g);
      dvalue[i] = arriving * open;
      dgate[i] = arriving * v * slope;
    }
  }
}

CLONES void kernels_rotate_pairs(int64_t pairs, const float *x, const float *cosines, const float *sines, float sign,
                                 float *y) {
  for (int64_t i = 0; i < pairs; i++) {
    float a = x[2 * i], b = x[2 * i + 1], sine = sign * sines[i];
    y[2 * i] = a * cosines[i] - b * sine;
    y[2 * i + 1] = b * cosines[i] + a * sine;
  }
}

void kernels_upsample_nearest(int64_t height, int64_t width, int64_t c, const float *x, float *y) {
  size_t pixel = sizeof(float) * (size_t)c;
  for (int64_t row = 0; row < height; row++) {
    float *first = y + row * 2 * (2 * width) * c;
    for (int64_t column = 0; column < width; column++) {
      const float *from = x + (row * width + column) * c;
      memcpy(first + 2 * column * c, from, pixel);
      memcpy(first + (2 * column + 1) * c, from, pixel);
    }
    memcpy(first + 2 * width * c, first, pixel * 2 * (size_t)width);
  }
}

CLONES void kernels_upsample_nearest_gradient(int64_t height, int64_t width, int64_t c, const float *dy, float *dx) {
  for (int64_t row = 0; row < height; row++)
    for (int64_t column = 0; column < width; column++) {
      const float *a = dy + (row * 2 * (2 * width) + 2 * column) * c, *b = a + 2 * width * c;
      float *out = dx + (row * width + column) * c;
      for (int64_t i = 0; i < c; i++) out[i] = (a[i] + a[i + c]) + (b[i] + b[i + c]);
    }
}
