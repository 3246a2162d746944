// What attention and its gradient share, in FlashAttention's letters: m, the highest score of a row so far; l, the sum
// of exp(score − m); LSE = m + log l; D = Σ out·dOut. Heads are copied out of token-major arrays, scratch is cut into
// aligned parts.
#pragma once
#include "vector.h"

/// A number of keys or queries that leaves products no remainder.
INLINE int64_t padded16(int64_t count) { return (count + 15) / 16 * 16; }

// Rows of scores are padded to whole vectors, so that no loop has a remainder.
enum { LANES = 16 };
typedef float Lanes __attribute__((ext_vector_type(LANES), aligned(4)));
#define LANES_AT(x) (*(const Lanes *)(x))
#define PUT_LANES(x, lanes) (*(Lanes *)(x) = (lanes))

typedef uint32_t LaneBits __attribute__((ext_vector_type(LANES), aligned(4)));

/// Exponents x to 2ˣ, for x ≤ 0 or above it by rounding only, to 2e-7 of itself; exactly 1 at 0, below −126 next to nothing. NaN stays
/// NaN.
INLINE void raise_two_to(Lanes *exponents) {
  // The lowest bits of the sum are x rounded to an integer: what there is to add to an exponent.
  const float rounding = 0x1.8p23f;
  Lanes x = *exponents < -126.0f ? -126.0f : *exponents;
  Lanes sum = x + rounding, r = x - (sum - rounding);
  // The polynomial of degree 5 that is 1 at 0 and nowhere between −1/2 and 1/2 further than 9.2e-8 off.
  Lanes p = r * 1.326472727e-3f + 9.671512733e-3f;
  p = p * r + 5.550733744e-2f;
  p = p * r + 2.402224208e-1f;
  p = p * r + 6.931469776e-1f;
  p = p * r + 1.0f;
  *exponents = (Lanes)((LaneBits)p + ((LaneBits)sum << 23));
}

/// Scratch handed out piece by piece. With no memory behind it, it only counts.
typedef struct {
  char *base;
  int64_t used;
} Scratch;

INLINE void *take(Scratch *scratch, int64_t bytes) {
  void *piece = scratch->base ? scratch->base + scratch->used : NULL;
  scratch->used += (bytes + 63) / 64 * 64;
  return piece;
}

/// A dense factor of a product, in float32 and, where products are taken in it, in bfloat16.
typedef struct {
  float *floats;
  uint16_t *bf16;
} Factor;

INLINE Factor take_factor(Scratch *scratch, int64_t count, bool bf16) {
  float *floats = take(scratch, 4 * count);
  return (Factor){floats, bf16 ? take(scratch, 2 * count) : NULL};
}

INLINE const void *factor_data(Factor f) { return f.bf16 ? (const void *)f.bf16 : (const void *)f.floats; }

/// These rows as the left side of a product.
INLINE KernelsRows factor_rows(Factor f, int64_t rows) {
  return (KernelsRows){.numbers = factor_data(f), .count = rows};
}

/// Rows of one head to a dense array, zeros below them up to `padded` rows.
INLINE void gather_rows(int64_t rows, int64_t padded, int64_t width, const float *from, int64_t stride, float *to) {
  for (int64_t r = 0; r < rows; r++) memcpy(to + r * width, from + r * stride, (size_t)width * sizeof(float));
  memset(to + rows * width, 0, (size_t)((padded - rows) * width) * sizeof(float));
}

/// Rounds some entries to bfloat16, where that is multiplied: best while the floats are still in the cache.
INLINE void round_to_bf16(Factor f, int64_t first, int64_t count) {
  if (f.bf16) kernels_bf16_from_float(count, f.floats + first, f.bf16 + first);
}

INLINE int64_t packed_bytes(const KernelsMatrix *matrix) {
  return (kernels_matrix_packing(matrix).size + 63) / 64 * 64;
}
