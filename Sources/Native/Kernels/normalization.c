// LayerNorm, GroupNorm on NHWC, and rows of unit length, forward and backward.
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

// Channels of a pixel lie together, so a group's numbers are short runs, one a pixel. Sums are first taken per channel
// over all pixels (long vector loops), then joined per group.
enum { MAX_CHANNELS = 4096 };

INLINE void channel_sums(int64_t pixels, int64_t c, const float *x, float *sums) {
  memset(sums, 0, sizeof(float) * (size_t)c);
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t i = 0; i < c; i++) sums[i] += x[p * c + i];
}

CLONES void kernels_group_norm(int64_t pixels, int64_t c, int64_t groups, const float *x, const float *scale,
                               const float *shift, float epsilon, bool silu_after, float *y, float *mean,
                               float *inverseDeviation) {
  float sums[MAX_CHANNELS], a[MAX_CHANNELS], b[MAX_CHANNELS];
  int64_t width = c / groups;
  float count = (float)(pixels * width);
  channel_sums(pixels, c, x, sums);
  for (int64_t g = 0; g < groups; g++) {
    mean[g] = row_sum(width, sums + g * width) / count;
    for (int64_t i = 0; i < width; i++) a[g * width + i] = mean[g];
  }
  memset(sums, 0, sizeof(float) * (size_t)c);
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t i = 0; i < c; i++) sums[i] += (x[p * c + i] - a[i]) * (x[p * c + i] - a[i]);
  for (int64_t g = 0; g < groups; g++) {
    inverseDeviation[g] = 1.0f / sqrtf(row_sum(width, sums + g * width) / count + epsilon);
    for (int64_t i = g * width; i < (g + 1) * width; i++) {
      a[i] = inverseDeviation[g] * scale[i];
      b[i] = shift[i] - mean[g] * a[i];
    }
  }
  if (silu_after) {
    for (int64_t p = 0; p < pixels; p++)
      for (int64_t i = 0; i < c; i++) y[p * c + i] = silu(x[p * c + i] * a[i] + b[i]);
  } else {
    for (int64_t p = 0; p < pixels; p++)
      for (int64_t i = 0; i < c; i++) y[p * c + i] = x[p * c + i] * a[i] + b[i];
  }
}

CLONES void kernels_group_norm_gradient(int64_t pixels, int64_t c, int64_t groups, const float *x, const float *scale,
                                        const float *shift, bool silu_after, const float *mean,
                                        const float *inverseDeviation, const float *dy, float *dx, float *dScale,
                                        float *dShift) {
  float ones[MAX_CHANNELS], rows[MAX_CHANNELS];       // per channel: Σ d and Σ d·normal
  float centre[MAX_CHANNELS], inverse[MAX_CHANNELS];  // the group's statistics, spread over its channels
  int64_t width = c / groups;
  float count = (float)(pixels * width);
  for (int64_t i = 0; i < c; i++) {
    centre[i] = mean[i / width];
    inverse[i] = inverseDeviation[i / width];
    ones[i] = rows[i] = 0;
  }
  for (int64_t p = 0; p < pixels; p++) {
    const float *in = x + p * c, *d = dy + p * c;
    float *out = dx + p * c;
    // dx first holds the gradient after undoing SiLU, whose input is recomputed, not kept.
    for (int64_t i = 0; i < c; i++) {
      float normal = (in[i] - centre[i]) * inverse[i];
      float g = silu_after ? d[i] * silu_slope(normal * scale[i] + shift[i]) : d[i];
      out[i] = g;
      ones[i] += g;
      rows[i] += g * normal;
    }
  }
  if (dScale) memcpy(dScale, rows, sizeof(float) * (size_t)c);
  if (dShift) memcpy(dShift, ones, sizeof(float) * (size_t)c);
  for (int64_t g = 0; g < groups; g++) {
    float along_one = row_dot(width, ones + g * width, scale + g * width) / count;
    float along_row = row_dot(width, rows + g * width, scale + g * width) / count;
    for (int64_t i = g * width; i < (g + 1) * width; i++) ones[i] = along_one, rows[i] = along_row;
  }
  for (int64_t p = 0; p < pixels; p++) {
    const float *in = x + p * c;
    float *out = dx + p * c;
    for (int64_t i = 0; i < c; i++) {
      float normal = (in[i] - centre[i]) * inverse[i];
      out[i] = inverse[i] * (out[i] * scale[i] - ones[i] - normal * rows[i]);
    }
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
