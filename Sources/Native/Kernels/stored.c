// Numbers as files store them: 16-bit floats to float32 and back, strided views to dense arrays. Nothing need be aligned.
#include "vector.h"

// Only integer steps and normal floats, so that the result is exact under every floating-point mode (oneDNN may have
// switched denormals off on this thread) and the loop becomes vectors on every CPU.
CLONES void kernels_float_from_f16(int64_t n, const void *x, float *y) {
  const uint8_t *bytes = x;
  for (int64_t i = 0; i < n; i++) {
    uint16_t fp16;
    memcpy(&fp16, bytes + 2 * i, 2);
    uint32_t sign = (uint32_t)(fp16 & 0x8000) << 16, magnitude = fp16 & 0x7fff;
    uint32_t shifted = magnitude << 13;
    // Below 2⁻¹⁴ fp16 has no hidden bit: put one there, and take it off again as a number.
    uint32_t small = shifted + (113u << 23);
    float number;
    memcpy(&number, &small, 4);
    number -= 0x1p-14f;
    memcpy(&small, &number, 4);
    uint32_t bits = magnitude < 0x400 ? small : magnitude < 0x7c00 ? shifted + (112u << 23) : shifted | 0x7f800000;
    bits |= sign;
    memcpy(y + i, &bits, 4);
  }
}

CLONES void kernels_float_from_bf16(int64_t n, const void *x, float *y) {
  const uint8_t *bytes = x;
  for (int64_t i = 0; i < n; i++) {
    uint16_t bf16;
    memcpy(&bf16, bytes + 2 * i, 2);
    uint32_t bits = (uint32_t)bf16 << 16;
    memcpy(y + i, &bits, 4);
  }
}

CLONES void kernels_bf16_from_float(int64_t n, const float *x, void *y) {
  uint8_t *bytes = y;
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    // Adding could carry a NaN's mantissa away: keep its top bit set instead.
    uint16_t bf16 = (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? bits >> 16 | 0x40u : rounded);
    memcpy(bytes + 2 * i, &bf16, 2);
  }
}

void kernels_floats(KernelsNumbers x, int64_t first, int64_t n, float *y) {
  const uint8_t *bytes = x.data;
  switch (x.type) {
    case KERNELS_F32: memcpy(y, bytes + 4 * first, 4 * (size_t)n); break;
    case KERNELS_F16: kernels_float_from_f16(n, bytes + 2 * first, y); break;
    case KERNELS_BF16: kernels_float_from_bf16(n, bytes + 2 * first, y); break;
  }
}

CLONES void kernels_float_from_f64(int64_t n, const void *x, float *y) {
  const uint8_t *bytes = x;
  for (int64_t i = 0; i < n; i++) {
    double number;
    memcpy(&number, bytes + 8 * i, 8);
    y[i] = (float)number;
  }
}

#define COPY_ROW(type)                                             \
  for (int64_t i = 0; i < n; i++) {                                \
    type entry;                                                    \
    memcpy(&entry, from + i * stride * (int64_t)sizeof(type), sizeof(type)); \
    memcpy(to + i * (int64_t)sizeof(type), &entry, sizeof(type));  \
  }

static void copy_row(int64_t n, int64_t size, int64_t stride, const uint8_t *from, uint8_t *to) {
  switch (size) {
    case 1: COPY_ROW(uint8_t) break;
    case 2: COPY_ROW(uint16_t) break;
    case 4: COPY_ROW(uint32_t) break;
    case 8: COPY_ROW(uint64_t) break;
  }
}

void kernels_gather_strided(int32_t rank, const int64_t *sizes, const int64_t *strides, int64_t size, const void *from,
                            void *to) {
  if (rank <= 1) {
    copy_row(rank == 0 ? 1 : sizes[0], size, rank == 0 ? 1 : strides[0], from, to);
    return;
  }
  int64_t entries = 1;
  for (int32_t axis = 1; axis < rank; axis++) entries *= sizes[axis];
  for (int64_t i = 0; i < sizes[0]; i++)
    kernels_gather_strided(rank - 1, sizes + 1, strides + 1, size, (const uint8_t *)from + i * strides[0] * size,
                           (uint8_t *)to + i * entries * size);
}
