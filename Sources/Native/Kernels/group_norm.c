// GroupNorm on NHWC, with SiLU behind it where `silu`, forward and backward; Engine/Ops/GroupNormalization.swift calls
// the parts in order. An image is cut into pieces of pixels for the pool: first each piece's sums, then the image's
// statistics from them in the order of the pieces, then each piece's results.
//
// Channels of a pixel lie together, so a group's numbers are short runs, one a pixel. Sums are therefore taken per
// channel over all pixels (long vector loops), and joined per group at the end.
#include "vector.h"

enum { MAX_CHANNELS = 4096 };

CLONES void kernels_channel_moments(int64_t pixels, int64_t c, const float *x, float *mean, float *squares) {
  memset(mean, 0, sizeof(float) * (size_t)c);
  memset(squares, 0, sizeof(float) * (size_t)c);
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t i = 0; i < c; i++) mean[i] += x[p * c + i];
  for (int64_t i = 0; i < c; i++) mean[i] /= (float)pixels;
  // Squares about the mean do not cancel for numbers far from zero; the piece is still in the cache.
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t i = 0; i < c; i++) squares[i] += (x[p * c + i] - mean[i]) * (x[p * c + i] - mean[i]);
}

CLONES void kernels_group_statistics(int64_t pixels, int64_t piece, int64_t c, int64_t groups, const float *means,
                                     const float *squares, float epsilon, float *mean, float *inverseDeviation) {
  double sums[MAX_CHANNELS] = {0}, about[MAX_CHANNELS] = {0}, centre[MAX_CHANNELS];
  int64_t pieces = (pixels + piece - 1) / piece, width = c / groups;
  double last = (double)(pixels - (pieces - 1) * piece), count = (double)(pixels * width);
  for (int64_t k = 0; k < pieces; k++) {
    double n = k + 1 < pieces ? (double)piece : last;
    for (int64_t i = 0; i < c; i++) sums[i] += n * (double)means[k * c + i];
  }
  for (int64_t g = 0; g < groups; g++) {
    double sum = 0;
    for (int64_t i = g * width; i < (g + 1) * width; i++) sum += sums[i];
    for (int64_t i = g * width; i < (g + 1) * width; i++) centre[i] = sum / count;
    mean[g] = (float)(sum / count);
  }
  // Σ(x − mean)² of the whole from that of parts: each part's own, and how far its mean is from the whole's.
  for (int64_t k = 0; k < pieces; k++) {
    double n = k + 1 < pieces ? (double)piece : last;
    for (int64_t i = 0; i < c; i++) {
      double away = (double)means[k * c + i] - centre[i];
      about[i] += (double)squares[k * c + i] + n * away * away;
    }
  }
  for (int64_t g = 0; g < groups; g++) {
    double sum = 0;
    for (int64_t i = g * width; i < (g + 1) * width; i++) sum += about[i];
    inverseDeviation[g] = (float)(1 / sqrt(sum / count + (double)epsilon));
  }
}

CLONES void kernels_group_norm(const GroupNormOfImage *norm, int64_t pixels, const float *x, float *y) {
  float a[MAX_CHANNELS], b[MAX_CHANNELS];
  const int64_t c = norm->channels, width = c / norm->groups;
  for (int64_t g = 0; g < norm->groups; g++)
    for (int64_t i = g * width; i < (g + 1) * width; i++) {
      a[i] = norm->inverseDeviation[g] * norm->scale[i];
      b[i] = norm->shift[i] - norm->mean[g] * a[i];
    }
  if (norm->silu) {
    for (int64_t p = 0; p < pixels; p++)
      for (int64_t i = 0; i < c; i++) y[p * c + i] = silu(x[p * c + i] * a[i] + b[i]);
  } else {
    for (int64_t p = 0; p < pixels; p++)
      for (int64_t i = 0; i < c; i++) y[p * c + i] = x[p * c + i] * a[i] + b[i];
  }
}

CLONES void kernels_group_norm_slopes(const GroupNormOfImage *norm, int64_t pixels, const float *x, const float *dy,
                                      float *slopes, float *ones, float *rows) {
  float centre[MAX_CHANNELS], inverse[MAX_CHANNELS];
  const int64_t c = norm->channels, width = c / norm->groups;
  const float *scale = norm->scale, *shift = norm->shift;
  const bool silu_after = norm->silu;
  for (int64_t g = 0; g < norm->groups; g++)
    for (int64_t i = g * width; i < (g + 1) * width; i++) {
      centre[i] = norm->mean[g];
      inverse[i] = norm->inverseDeviation[g];
      ones[i] = rows[i] = 0;
    }
  for (int64_t p = 0; p < pixels; p++) {
    const float *in = x + p * c, *d = dy + p * c;
    float *out = slopes + p * c;
    for (int64_t i = 0; i < c; i++) {
      float normal = (in[i] - centre[i]) * inverse[i];
      float g = silu_after ? d[i] * silu_slope(normal * scale[i] + shift[i]) : d[i];
      out[i] = g;
      ones[i] += g;
      rows[i] += g * normal;
    }
  }
}

CLONES void kernels_group_gradients(const GroupNormOfImage *norm, int64_t pixels, int64_t pieces, const float *ones,
                                    const float *rows, float *dShift, float *dScale, float *alongOne,
                                    float *alongRow) {
  double one[MAX_CHANNELS] = {0}, row[MAX_CHANNELS] = {0};
  const int64_t c = norm->channels, width = c / norm->groups;
  for (int64_t k = 0; k < pieces; k++)
    for (int64_t i = 0; i < c; i++) {
      one[i] += (double)ones[k * c + i];
      row[i] += (double)rows[k * c + i];
    }
  for (int64_t i = 0; i < c; i++) {
    dShift[i] = (float)one[i];
    dScale[i] = (float)row[i];
  }
  for (int64_t g = 0; g < norm->groups; g++) {
    double along_one = 0, along_row = 0;
    for (int64_t i = g * width; i < (g + 1) * width; i++) {
      along_one += one[i] * (double)norm->scale[i];
      along_row += row[i] * (double)norm->scale[i];
    }
    alongOne[g] = (float)(along_one / (double)(pixels * width));
    alongRow[g] = (float)(along_row / (double)(pixels * width));
  }
}

CLONES void kernels_group_norm_gradient(const GroupNormOfImage *norm, int64_t pixels, const float *x,
                                        const float *alongOne, const float *alongRow, float *dx) {
  // dx = inverse·(slope·scale − alongOne − normal·alongRow) as slope·a − (x − centre)·b − d, channel by channel.
  float a[MAX_CHANNELS], b[MAX_CHANNELS], d[MAX_CHANNELS], centre[MAX_CHANNELS];
  const int64_t c = norm->channels, width = c / norm->groups;
  for (int64_t g = 0; g < norm->groups; g++)
    for (int64_t i = g * width; i < (g + 1) * width; i++) {
      a[i] = norm->inverseDeviation[g] * norm->scale[i];
      b[i] = norm->inverseDeviation[g] * norm->inverseDeviation[g] * alongRow[g];
      d[i] = norm->inverseDeviation[g] * alongOne[g];
      centre[i] = norm->mean[g];
    }
  for (int64_t p = 0; p < pixels; p++)
    for (int64_t i = 0; i < c; i++)
      dx[p * c + i] = dx[p * c + i] * a[i] - (x[p * c + i] - centre[i]) * b[i] - d[i];
}
