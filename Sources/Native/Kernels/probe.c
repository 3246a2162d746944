// What a core can do at most: multiply-adds on registers alone, as many independent chains as hide their latency.
//
// Written by instruction set and not with target_clones: how many chains fill the registers differs, and for 512-bit
// vectors the compiler would otherwise choose 256-bit ones.
#include "kernels.h"

// Not known to the compiler, or it would leave out chains that start where x·a + b is x again.
static volatile float factor = 0.5f, summand = 1.0f;

#if defined(__x86_64__)
#include <immintrin.h>

// Two of (x ← x·a + b) for every chain; with a below 1 the numbers stay finite and never become denormal.
#define CHAINS_16(STEP) STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) \
  STEP(8) STEP(9) STEP(10) STEP(11) STEP(12) STEP(13) STEP(14) STEP(15)
#define CHAINS_12(STEP) STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) \
  STEP(8) STEP(9) STEP(10) STEP(11)

__attribute__((target("avx512f"))) static float chains_avx512(int64_t rounds) {
  __m512 x[16], a = _mm512_set1_ps(factor), b = _mm512_set1_ps(summand);
  for (int i = 0; i < 16; i++) x[i] = _mm512_set1_ps((float)i);
  for (int64_t r = 0; r < rounds; r++) {
#define STEP(i) x[i] = _mm512_fmadd_ps(x[i], a, b);
    CHAINS_16(STEP)
#undef STEP
  }
  float sum = 0;
  for (int i = 0; i < 16; i++) sum += _mm512_reduce_add_ps(x[i]);
  return sum;
}

__attribute__((target("avx2,fma"))) static float chains_avx2(int64_t rounds) {
  __m256 x[12], a = _mm256_set1_ps(factor), b = _mm256_set1_ps(summand);
  for (int i = 0; i < 12; i++) x[i] = _mm256_set1_ps((float)i);
  for (int64_t r = 0; r < rounds; r++) {
#define STEP(i) x[i] = _mm256_fmadd_ps(x[i], a, b);
    CHAINS_12(STEP)
#undef STEP
  }
  float sum = 0;
  for (int i = 0; i < 12; i++) sum += _mm256_cvtss_f32(x[i]);
  return sum;
}

__attribute__((target("avx512bf16"))) static float chains_bf16(int64_t rounds) {
  __m512 x[16];
  __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.5f));
  for (int i = 0; i < 16; i++) x[i] = _mm512_set1_ps((float)i);
  for (int64_t r = 0; r < rounds; r++) {
#define STEP(i) x[i] = _mm512_dpbf16_ps(x[i], a, a);
    CHAINS_16(STEP)
#undef STEP
  }
  float sum = 0;
  for (int i = 0; i < 16; i++) sum += _mm512_reduce_add_ps(x[i]);
  return sum;
}
#endif

/// The same for any machine: whatever the compiler makes of it.
static float chains_plain(int64_t rounds) {
  typedef float V __attribute__((vector_size(16)));
  V x[12], a = (V){} + factor, b = (V){} + summand;
  for (int i = 0; i < 12; i++) x[i] = a * (float)i;
  for (int64_t r = 0; r < rounds; r++) {
    for (int i = 0; i < 12; i++) x[i] = x[i] * a + b;
  }
  float sum = 0;
  for (int i = 0; i < 12; i++) sum += x[i][0];
  return sum;
}

// Never read: it keeps the compiler from leaving the sums out.
static _Thread_local volatile float kept;

int64_t kernels_probe(KernelsType type, int64_t rounds) {
#if defined(__x86_64__)
  if (type == KERNELS_BF16) {
    if (!__builtin_cpu_supports("avx512bf16")) return 0;
    kept = chains_bf16(rounds);
    return rounds * 16 * 64;
  }
  if (__builtin_cpu_supports("avx512f")) {
    kept = chains_avx512(rounds);
    return rounds * 16 * 32;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    kept = chains_avx2(rounds);
    return rounds * 12 * 16;
  }
#endif
  if (type == KERNELS_BF16) return 0;
  kept = chains_plain(rounds);
  return rounds * 12 * 8;
}
