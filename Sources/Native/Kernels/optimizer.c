// Parameter updates, as PyTorch's optimizers do them.
#include "vector.h"

CLONES void kernels_sgd(int64_t n, float *w, const float *g, float *velocity, float gradientScale, float rate,
                        float momentum, float weightDecay) {
  for (int64_t i = 0; i < n; i++) {
    float gradient = g[i] * gradientScale + weightDecay * w[i];
    velocity[i] = momentum * velocity[i] + gradient;
    w[i] -= rate * velocity[i];
  }
}

CLONES void kernels_adamw(int64_t n, float *w, const float *g, float *m, float *v, float gradientScale, float rate,
                          double beta1, double beta2, float epsilon, float weightDecay, float correction1,
                          float correction2) {
  float step = rate / correction1, root = 1.0f / sqrtf(correction2), keep = 1.0f - rate * weightDecay;
  // 1 − 0.999 in float32 would be off by 1e-5.
  float fresh1 = (float)(1.0 - beta1), fresh2 = (float)(1.0 - beta2), kept2 = (float)beta2;
  for (int64_t i = 0; i < n; i++) {
    float gradient = g[i] * gradientScale;
    m[i] += fresh1 * (gradient - m[i]);
    v[i] = kept2 * v[i] + fresh2 * gradient * gradient;
    w[i] = w[i] * keep - step * m[i] / (sqrtf(v[i]) * root + epsilon);
  }
}

CLONES void kernels_moving_average(int64_t n, const float *w, float decay, float *average) {
  for (int64_t i = 0; i < n; i++) average[i] += (1.0f - decay) * (w[i] - average[i]);
}
