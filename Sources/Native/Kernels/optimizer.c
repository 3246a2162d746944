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

CLONES void kernels_adamw(int64_t n, const AdamWStep *s, float *w, const float *g, float *m, float *v) {
  float step = s->rate / s->correction1, root = 1.0f / sqrtf(s->correction2), keep = 1.0f - s->rate * s->weightDecay;
  // 1 − 0.999 in float32 would be off by 1e-5.
  float fresh1 = (float)(1.0 - s->beta1), fresh2 = (float)(1.0 - s->beta2), kept2 = (float)s->beta2;
  float gradientScale = s->gradientScale, epsilon = s->epsilon;
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
