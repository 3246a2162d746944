// Philox4x32-10 (Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3") and normal numbers from it.
#include "vector.h"

INLINE void philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
  uint32_t k0 = key[0], k1 = key[1];
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void kernels_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) { philox(key, counter, out); }

CLONES void kernels_philox_uniform(const uint32_t key[2], uint32_t stream, uint32_t step, int64_t first, int64_t n,
                                   float bound, float *out) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t at[4] = {(uint32_t)(first + i), 0, step, stream}, words[4];
    philox(key, at, words);
    out[i] = (2.0f * ((float)(words[0] >> 8) * (1.0f / 16777216.0f)) - 1.0f) * bound;
  }
}

// Uniform in (0, 1]: never 0, so that its logarithm is finite.
static float unit(uint32_t word) { return ((float)(word >> 8) + 1.0f) * (1.0f / 16777216.0f); }

void kernels_philox_normal(const uint32_t key[2], const uint32_t counter[4], int64_t n, float *out) {
  for (int64_t i = 0; i < n; i += 4) {
    uint32_t at[4] = {counter[0] + (uint32_t)(i / 4), counter[1], counter[2], counter[3]}, words[4];
    philox(key, at, words);
    float numbers[4];
    for (int pair = 0; pair < 2; pair++) {
      float radius = sqrtf(-2.0f * logf(unit(words[2 * pair])));
      float angle = 6.28318530717958648f * unit(words[2 * pair + 1]);
      numbers[2 * pair] = radius * cosf(angle);
      numbers[2 * pair + 1] = radius * sinf(angle);
    }
    for (int64_t j = i; j < n && j < i + 4; j++) out[j] = numbers[j - i];
  }
}
