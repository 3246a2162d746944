// LayerNorm and rows of unit length, forward and backward.
#include "vector.h"

INLINE float row_sum(int64_t n, const float *x) {
#pragma clang fp reassociate(on)
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i];
  return sum;
}

INLINE float row_squares_about(int64_t n, const float *x, float centre) {
#pragma clang fp reassociate(on)
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (x[i] - centre) * (x[i] - centre);
  return sum;
}

INLINE float row_dot(int64_t n, const float *a, const float *b) {
#pragma clang fp reassociate(on)
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

CLONES void kernels_layer_norm(int64_t rows, int64_t c, const float *x, const float *scale, const float *shift,
                               float epsilon, float *y, float *mean, float *inverseDeviation) {
  for (int64_t r = 0; r < rows; r++) {
    const float *in = x + r * c;
    float *out = y + r * c;
    float m = row_sum(c, in) / (float)c;
    // Two passes: the variance about the mean does not cancel for rows far from zero.
    float inverse = 1.0f / sqrtf(row_squares_about(c, in, m) / (float)c + epsilon);
    mean[r] = m;
    inverseDeviation[r] = inverse;
    for (int64_t i = 0; i < c; i++) out[i] = (in[i] - m) * inverse * scale[i] + shift[i];
  }
}

CLONES void kernels_layer_norm_gradient(int64_t rows, int64_t c, const float *x, const float *scale,
                                        const float *mean, const float *inverseDeviation, const float *dy, float *dx,
                                        float *dScale, float *dShift) {
  if (dScale) memset(dScale, 0, sizeof(float) * (size_t)c);
  if (dShift) memset(dShift, 0, sizeof(float) * (size_t)c);
  for (int64_t r = 0; r < rows; r++) {
    const float *in = x + r * c, *d = dy + r * c;
    float *out = dx + r * c;
    float m = mean[r], inverse = inverseDeviation[r];
    // The part of the gradient along the constant row and along the normalised row cannot change the output.
    float along_one = 0, along_row = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 0; i < c; i++) {
        float g = d[i] * scale[i];
        along_one += g;
        along_row += g * (in[i] - m) * inverse;
      }
    }
    along_one /= (float)c;
    along_row /= (float)c;
    for (int64_t i = 0; i < c; i++) {
      float normal = (in[i] - m) * inverse;
      out[i] = inverse * (d[i] * scale[i] - along_one - normal * along_row);
    }
    if (dScale)
      for (int64_t i = 0; i < c; i++) dScale[i] += d[i] * (in[i] - m) * inverse;
    if (dShift)
      for (int64_t i = 0; i < c; i++) dShift[i] += d[i];
  }
}

CLONES void kernels_rms_norm(int64_t rows, int64_t c, const float *x, const float *scale, float epsilon, float *y,
                             float *inverseLength) {
  for (int64_t r = 0; r < rows; r++) {
    const float *in = x + r * c;
    float inverse = 1.0f / sqrtf(row_dot(c, in, in) / (float)c + epsilon);
    inverseLength[r] = inverse;
    for (int64_t i = 0; i < c; i++) y[r * c + i] = in[i] * inverse * scale[i];
  }
}

CLONES void kernels_rms_norm_gradient(int64_t rows, int64_t c, const float *x, const float *scale,
                                      const float *inverseLength, const float *dy, float *dx, float *dScale) {
  if (dScale) memset(dScale, 0, sizeof(float) * (size_t)c);
  for (int64_t r = 0; r < rows; r++) {
    const float *in = x + r * c, *d = dy + r * c;
    float inverse = inverseLength[r], along = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 0; i < c; i++) along += d[i] * scale[i] * in[i];
    }
    // The part along the row itself cannot change the output.
    along *= inverse * inverse / (float)c;
    for (int64_t i = 0; i < c; i++) dx[r * c + i] = inverse * (d[i] * scale[i] - in[i] * along);
    if (dScale)
      for (int64_t i = 0; i < c; i++) dScale[i] += d[i] * in[i] * inverse;
  }
}

CLONES void kernels_normalize_rows(int64_t rows, int64_t c, const float *x, float epsilon, float *y, float *lengths) {
  for (int64_t r = 0; r < rows; r++) {
    float length = sqrtf(row_dot(c, x + r * c, x + r * c));
    if (length < epsilon) length = epsilon;
    lengths[r] = length;
    for (int64_t i = 0; i < c; i++) y[r * c + i] = x[r * c + i] / length;
  }
}

CLONES void kernels_normalize_rows_gradient(int64_t rows, int64_t c, const float *y, const float *lengths,
                                            const float *dy, float *dx) {
  for (int64_t r = 0; r < rows; r++) {
    // A unit row can only turn, not grow: the part of dy along it is removed.
    float along = row_dot(c, y + r * c, dy + r * c);
    for (int64_t i = 0; i < c; i++) dx[r * c + i] = (dy[r * c + i] - y[r * c + i] * along) / lengths[r];
  }
}
