// Softmax cross-entropy; its gradient is in Engine/Ops/Loss.swift.
#include "vector.h"

CLONES double kernels_cross_entropy(int64_t rows, int64_t k, const float *logits, const int32_t *labels,
                                    float *probabilities) {
  double total = 0;
  for (int64_t r = 0; r < rows; r++) {
    const float *z = logits + r * k;
    float *p = probabilities + r * k;
    float top = z[0];
    for (int64_t i = 1; i < k; i++) top = z[i] > top ? z[i] : top;
    float sum = 0;
    for (int64_t i = 0; i < k; i++) {
      p[i] = fast_exp(z[i] - top);
      sum += p[i];
    }
    for (int64_t i = 0; i < k; i++) p[i] /= sum;
    total += (double)(top - z[labels[r]]) + log((double)sum);
  }
  return total / (double)rows;
}
