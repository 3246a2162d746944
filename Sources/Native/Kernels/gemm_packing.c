// Packing of both sides of our own products: numbers of any type and layout to where tiles read them.
#include "gemm_packing.h"

FOR_AVX2

typedef float Eight __attribute__((ext_vector_type(8)));
typedef float UnalignedEight __attribute__((ext_vector_type(8), aligned(4)));
typedef uint32_t EightBits __attribute__((ext_vector_type(8)));
typedef uint16_t EightBF16 __attribute__((ext_vector_type(8)));
typedef _Float16 EightF16 __attribute__((ext_vector_type(8)));

INLINE float number(const GemmMatrix *s, int64_t at) {
  float x;
  if (s->numbers.type == KERNELS_F32)
    memcpy(&x, (const char *)s->numbers.data + 4 * at, 4);
  else
    kernels_floats(s->numbers, at, 1, &x);
  return x;
}

INLINE Eight eight(const GemmMatrix *s, int64_t at) {
  if (s->numbers.type == KERNELS_F32) return *(const UnalignedEight *)((const float *)s->numbers.data + at);
  const char *start = (const char *)s->numbers.data + 2 * at;
  if (s->numbers.type == KERNELS_F16) {
    EightF16 f16;
    memcpy(&f16, start, sizeof f16);
    return __builtin_convertvector(f16, Eight);
  }
  EightBF16 bf16;
  memcpy(&bf16, start, sizeof bf16);
  EightBits bits = __builtin_convertvector(bf16, EightBits) << 16;
  return (Eight)bits;
}

#define MIX(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

INLINE void transpose8(Eight r[8]) {
  Eight t[8], u[8];
  for (int i = 0; i < 4; i++) {
    t[2 * i] = MIX(r[2 * i], r[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[2 * i + 1] = MIX(r[2 * i], r[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int h = 0; h < 8; h += 4)
    for (int i = 0; i < 2; i++) {
      u[h + 2 * i] = MIX(t[h + i], t[h + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      u[h + 2 * i + 1] = MIX(t[h + i], t[h + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; i++) {
    r[i] = MIX(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    r[i + 4] = MIX(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// to[k·width + lane] = s at (lane, k) for `lanes` ≤ width lanes whose k lie next to each other. Lanes beyond `lanes`
/// hold anything.
INLINE void transpose(const GemmMatrix *s, int64_t at, int64_t laneStride, int64_t lanes, int64_t count, int64_t width,
                      float *to) {
  int64_t k = 0;
  for (; k + 8 <= count; k += 8)
    for (int64_t first = 0; first < lanes; first += 8) {
      Eight r[8];
      for (int64_t i = 0; i < 8; i++) r[i] = first + i < lanes ? eight(s, at + (first + i) * laneStride + k) : (Eight)0;
      transpose8(r);
      // What a vector writes beyond its lanes the next one overwrites, but nothing may be written beyond the last.
      bool isLast = width < 8 && k + 8 == count;
      for (int64_t i = 0; i < (isLast ? 7 : 8); i++) *(UnalignedEight *)(to + (k + i) * width + first) = r[i];
      if (isLast) memcpy(to + (k + 7) * width, &r[7], (size_t)width * sizeof(float));
    }
  for (; k < count; k++)
    for (int64_t l = 0; l < lanes; l++) to[k * width + l] = number(s, at + l * laneStride + k);
}

/// The same where lanes lie next to each other.
INLINE void copy(const GemmMatrix *s, int64_t at, int64_t stride, int64_t lanes, int64_t count, int64_t width,
                 float *to) {
  for (int64_t k = 0; k < count; k++)
    if (lanes == width && s->numbers.type == KERNELS_F32)
      memcpy(to + k * width, (const float *)s->numbers.data + at + k * stride, (size_t)width * sizeof(float));
    else
      for (int64_t l = 0; l < lanes; l++) to[k * width + l] = number(s, at + k * stride + l);
}

void pack_b_panel(const GemmMatrix *b, int64_t first, int64_t count, int64_t column, int64_t columns, float *to) {
  int64_t at = first * b->rowStride + column * b->columnStride;
  if (columns < NR) memset(to, 0, (size_t)(count * NR) * sizeof(float));
  if (b->columnStride == 1 && columns == NR && b->numbers.type != KERNELS_F32) {
    for (int64_t k = 0; k < count; k++)
      for (int64_t l = 0; l < NR; l += 8) *(UnalignedEight *)(to + k * NR + l) = eight(b, at + k * b->rowStride + l);
  } else if (b->columnStride == 1 && columns == NR) {
    copy(b, at, b->rowStride, NR, count, NR, to);
  } else if (b->columnStride == 1) {
    copy(b, at, b->rowStride, columns, count, NR, to);
  } else if (columns == NR) {
    transpose(b, at, b->columnStride, NR, count, NR, to);
  } else {
    for (int64_t l = 0; l < columns; l++)
      for (int64_t k = 0; k < count; k++) to[k * NR + l] = number(b, at + l * b->columnStride + k);
  }
}

void pack_a_panels(const GemmMatrix *a, int64_t row, int64_t rows, int64_t first, int64_t count, float *to) {
  for (int64_t r = 0; r < rows; r += MR, to += MR * count) {
    int64_t lanes = smaller(MR, rows - r), at = (row + r) * a->rowStride + first * a->columnStride;
    if (a->columnStride == 1)
      transpose(a, at, a->rowStride, lanes, count, MR, to);
    else
      copy(a, at, a->columnStride, lanes, count, MR, to);
  }
}

FOR_ANY

// ---- Whole sides ------------------------------------------------------------------------------------------------

static int64_t padded_rows(int64_t m) { return (m + MR - 1) / MR * MR; }

int64_t gemm_packed_a_size(int64_t m, int64_t k) { return padded_rows(m) * k; }

void gemm_pack_a(int64_t m, int64_t k, const GemmMatrix *a, int64_t row, int64_t rows, float *packed) {
  int64_t inner = equal_inner(k);
  for (int64_t first = 0; first < k; first += inner) {
    int64_t count = smaller(inner, k - first);
    pack_a_panels(a, row, rows, first, count, packed + first * padded_rows(m) + row * count);
  }
}

int64_t gemm_packed_b_bytes(int64_t k, int64_t n, bool bf16) { return (n + NR - 1) / NR * NR * k * (bf16 ? 2 : 4); }

void gemm_pack_b(int64_t k, int64_t n, const GemmMatrix *b, bool bf16, void *packed) {
  float panel[KC * NR];
  for (int64_t column = 0; column < n; column += NR)
    for (int64_t first = 0; first < k; first += KC) {
      int64_t count = smaller(KC, k - first), at = column * k + first * NR;
      pack_b_panel(b, first, count, column, smaller(NR, n - column), bf16 ? panel : (float *)packed + at);
      if (bf16) kernels_bf16_from_float(count * NR, panel, (uint16_t *)packed + at);
    }
}
