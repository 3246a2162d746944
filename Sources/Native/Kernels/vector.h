// What the loops share: clones for the CPUs at hand, sizes of blocks, and exp, erf, sigmoid and tanh that vectorise.
#pragma once
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/// The size of blocks of equal size, at most `most` but for being a multiple of `multiple`, lest the last one is small.
INLINE int64_t equal_blocks(int64_t total, int64_t most, int64_t multiple) {
  int64_t count = larger(1, (total + most - 1) / most), size = (total + count - 1) / count;
  return (size + multiple - 1) / multiple * multiple;
}

/// Memory, or the end of the process.
INLINE void *checked(void *memory) {
  if (memory) return memory;
  fputs("out of memory\n", stderr);
  abort();
}

#define LOG2_E 1.44269504088896341f

/// 2ⁿ·eʳ for r within half a step of ln 2, |n| < 127.
INLINE float exp_from_parts(int32_t n, float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  uint32_t bits = (uint32_t)(n + 127) << 23;
  float power;
  memcpy(&power, &bits, 4);
  return p * power;
}

/// eˣ to 2 ulp; x is clamped to ±87 so that the result is finite and never denormal. NaN stays NaN.
INLINE float fast_exp(float x) {
  float clamped = x > 87.0f ? 87.0f : (x < -87.0f ? -87.0f : x);
  float scaled = clamped * LOG2_E;
  // Rounding by conversion, not by the magic-number trick: it survives re-association.
  int32_t n = (int32_t)(scaled + (scaled >= 0 ? 0.5f : -0.5f));
  float r = clamped - (float)n * 0.693359375f;
  return exp_from_parts(n, r - (float)n * -2.12194440e-4f);
}

INLINE float fast_sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

INLINE float fast_tanh(float x) { return 2.0f * fast_sigmoid(2.0f * x) - 1.0f; }

/// erf by a rational approximation on [−4, 4] (beyond it is ±1 in float32); error below 4e-7.
INLINE float fast_erf(float x) {
  float t = x > 4.0f ? 4.0f : (x < -4.0f ? -4.0f : x);
  float t2 = t * t;
  float p = -2.72614225801306e-10f;
  p = p * t2 + 2.77068142495902e-08f;
  p = p * t2 + -2.10102402082508e-06f;
  p = p * t2 + -5.69250639462346e-05f;
  p = p * t2 + -7.34990630326855e-04f;
  p = p * t2 + -2.95459980854025e-03f;
  p = p * t2 + -1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * t2 + -2.13374055278905e-04f;
  q = q * t2 + -1.68282697438203e-03f;
  q = q * t2 + -7.37332916720468e-03f;
  q = q * t2 + -1.42647390514189e-02f;
  return t * p / q;
}

INLINE float gelu(float x) { return 0.5f * x * (1.0f + fast_erf(x * 0.70710678118654752f)); }

INLINE float gelu_slope(float x) {
  float density = 0.39894228040143268f * fast_exp(-0.5f * x * x);
  return 0.5f * (1.0f + fast_erf(x * 0.70710678118654752f)) + x * density;
}

INLINE float silu(float x) { return x * fast_sigmoid(x); }

INLINE float silu_slope(float x) {
  float s = fast_sigmoid(x);
  return s * (1.0f + x * (1.0f - s));
}
