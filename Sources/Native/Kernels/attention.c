// Attention of one head, block of query rows by block of keys: the matrix of scores is never kept, only a block of it in
// cache, and what the blocks before made of the values is scaled where a later one has a higher score (Dao et al., 2022,
// FlashAttention, §3.1). Heads are copied out of the token-major arrays first, since the fast products want dense factors.
#include "attention.h"

enum { FEW_NUMBERS = 4096 };  // keys of so few are not worth packing
// Query rows and keys a block, about. With our own products scores and keys lie in the L2 cache together; with oneDNN's
// a row of scores is whole, and 64 × 4096 of them stay in the larger caches of its CPUs.
enum { ROWS = 64, OWN_ROWS = 96, OWN_KEYS = 512 };

/// Blocks of equal size, lest the last one is a single row; of whole tiles for our own products.
static int64_t block_rows(int64_t queries) {
  int64_t usual = kernels_reads_stored() ? OWN_ROWS : ROWS, multiple = kernels_reads_stored() ? 6 : 1;
  int64_t blocks = larger(1, (queries + usual / 2) / usual), size = (queries + blocks - 1) / blocks;
  return (size + multiple - 1) / multiple * multiple;
}

static int64_t block_keys(const AttentionShape *s) {
  return kernels_reads_stored() ? smaller(OWN_KEYS, padded16(s->keys)) : padded16(s->keys);
}

/// Keys first ..< first + count, with those that complete the last vector.
typedef struct {
  int64_t first, count, padded;
} Keys;

static Keys keys_from(const AttentionShape *s, int64_t first) {
  int64_t count = smaller(block_keys(s), s->keys - first);
  return (Keys){first, count, padded16(count)};
}

/// scores = queries · keysᵀ
static KernelsMatrix keys_matrix(const AttentionShape *s, Keys keys) {
  return (KernelsMatrix){keys.padded, s->headWidth, true, s->bf16, false};
}

/// output = probabilities · values
static KernelsMatrix values_matrix(const AttentionShape *s, Keys keys) {
  return (KernelsMatrix){s->headWidth, keys.padded, false, s->bf16, false};
}

typedef struct {
  Factor queries, scores;
  float *out, *top, *sum;
} Block;

static Block cut_scratch(const AttentionShape *s, Scratch *scratch) {
  int64_t rows = smaller(2 * OWN_ROWS, s->queries);
  Block b;
  b.queries = take_factor(scratch, rows * s->headWidth, s->bf16);
  b.scores = take_factor(scratch, rows * block_keys(s), s->bf16);
  b.out = take(scratch, 4 * rows * s->headWidth);
  b.top = take(scratch, 4 * rows);
  b.sum = take(scratch, 4 * rows);
  return b;
}

/// Of the block of keys, both sides; blocks lie one after the other.
static int64_t packed_bytes_of(const AttentionShape *s, Keys block) {
  KernelsMatrix keys = keys_matrix(s, block), values = values_matrix(s, block);
  return packed_bytes(&keys) + packed_bytes(&values);
}

int64_t kernels_attention_packed_bytes(const AttentionShape *s) {
  if (!s->bf16 && s->keys * s->headWidth <= FEW_NUMBERS) return 0;
  int64_t bytes = 0, step = block_keys(s);
  for (int64_t first = 0; first < s->keys; first += step) bytes += packed_bytes_of(s, keys_from(s, first));
  return bytes;
}

int64_t kernels_attention_scratch_bytes(const AttentionShape *s) {
  Scratch scratch = {NULL, 0};
  cut_scratch(s, &scratch);
  return larger(scratch.used, 4 * block_keys(s) * s->headWidth);
}

void kernels_attention_pack(const AttentionShape *s, const float *k, const float *v, void *packed, void *scratch) {
  KernelsNumbers dense = {scratch, KERNELS_F32};
  int64_t step = block_keys(s);
  char *to = packed;
  for (int64_t first = 0; first < s->keys; first += step) {
    Keys block = keys_from(s, first);
    KernelsMatrix keys = keys_matrix(s, block), values = values_matrix(s, block);
    gather_rows(block.count, block.padded, s->headWidth, k + first * s->keyStride, s->keyStride, scratch);
    kernels_matrix_pack(&keys, dense, 0, keys.n, to);
    gather_rows(block.count, block.padded, s->headWidth, v + first * s->valueStride, s->valueStride, scratch);
    kernels_matrix_pack(&values, dense, 0, values.n, to + packed_bytes(&keys));
    to += packed_bytes_of(s, block);
  }
}

/// Two vectors at a time: the compiler does not turn one running maximum into vectors by itself.
INLINE float highest(int64_t n, const float *x) {
  Lanes even = LANES_AT(x), odd = even;
  int64_t i = LANES;
  for (; i + LANES < n; i += 2 * LANES) {
    Lanes a = LANES_AT(x + i), b = LANES_AT(x + i + LANES);
    even = a > even ? a : even;
    odd = b > odd ? b : odd;
  }
  if (i < n) even = LANES_AT(x + i) > even ? LANES_AT(x + i) : even;
  return __builtin_reduce_max(even > odd ? even : odd);
}

/// x = exp(scale·(x − top)), exactly 1 at the top; returns the sum.
INLINE float powers(int64_t n, float scale, float top, float *x) {
  const float factor = scale * LOG2_E;
  Lanes sums = 0;
  // One power after the other would wait for itself at every step.
#pragma clang loop interleave_count(4)
  for (int64_t i = 0; i < n; i++) x[i] = power_of_two(factor * (x[i] - top));
  for (int64_t i = 0; i < n; i += LANES) sums += LANES_AT(x + i);
  __typeof__(sums.lo) eight = sums.lo + sums.hi;
  __typeof__(eight.lo) four = eight.lo + eight.hi;
  return (four.x + four.z) + (four.y + four.w);
}

/// What the earlier keys of this row made is worth less when a higher score is found.
static void lower_row(const AttentionShape *s, int64_t r, float top, Block *b) {
  float factor = fast_exp(s->scale * (b->top[r] - top));
  b->top[r] = top;
  b->sum[r] *= factor;
  for (int64_t i = 0; i < s->headWidth; i++) b->out[r * s->headWidth + i] *= factor;
}

/// Scores of `rows` queries from `first` on to exp(score − highest score so far) in place; the highest scores and the
/// sums of each row go on. The sums divide the few outputs at the end, not the many powers.
CLONES static void powers_of_rows(const AttentionShape *s, int64_t first, int64_t rows, Keys keys, Block *b) {
  for (int64_t r = 0; r < rows; r++) {
    float *row = b->scores.floats + r * keys.padded;
    int64_t seen = keys.count;
    if (s->causal) seen = larger(0, smaller(first + r + 1 - keys.first, seen));
    int64_t whole = padded16(seen);
    if (seen > 0) {
      // What is not seen is too low to count in the sum, and nothing in the output.
      for (int64_t i = seen; i < whole; i++) row[i] = -INFINITY;
      float top = highest(whole, row);
      if (keys.first == 0)
        b->top[r] = top, b->sum[r] = 0;
      else if (top > b->top[r])
        lower_row(s, r, top, b);
      b->sum[r] += powers(whole, s->scale, b->top[r], row);
    }
    for (int64_t i = seen; i < keys.padded; i++) row[i] = 0;
    halve(b->scores, r * keys.padded, keys.padded);
  }
}

CLONES static void scatter_rows(const AttentionShape *s, int64_t first, int64_t rows, const Block *b, float *out,
                                float *logSumExp) {
  for (int64_t r = 0; r < rows; r++) {
    float inverse = 1.0f / b->sum[r];
    for (int64_t i = 0; i < s->headWidth; i++)
      out[(first + r) * s->outStride + i] = inverse * b->out[r * s->headWidth + i];
    logSumExp[first + r] = s->scale * b->top[r] + logf(b->sum[r]);
  }
}

/// A block of queries against all keys with packed factors.
static void attend_packed(const AttentionShape *s, int64_t at, int64_t rows, const float *q, const char *packed,
                          Block *b) {
  int64_t seen = s->causal ? smaller(s->keys, at + rows) : s->keys, step = block_keys(s);
  gather_rows(rows, rows, s->headWidth, q, s->queryStride, b->queries.floats);
  halve(b->queries, 0, rows * s->headWidth);
  for (int64_t first = 0; first < seen; first += step) {
    Keys block = keys_from(s, first);
    KernelsMatrix keys = keys_matrix(s, block), values = values_matrix(s, block);
    kernels_matrix_product(&keys, rows, factor_data(b->queries), packed, 0, keys.n, NULL, b->scores.floats, keys.n);
    powers_of_rows(s, at, rows, block, b);
    const void *mixed = packed + packed_bytes(&keys), *powers = factor_data(b->scores);
    if (first == 0)
      kernels_matrix_product(&values, rows, powers, mixed, 0, values.n, NULL, b->out, values.n);
    else
      kernels_matrix_accumulate(&values, rows, powers, mixed, b->out);
    packed += packed_bytes_of(s, block);
  }
}

/// The same straight from the token-major arrays, where there are too few keys to be worth packing: one block.
static void attend_plain(const AttentionShape *s, int64_t at, int64_t rows, const float *q, const float *k,
                         const float *v, Block *b) {
  Keys keys = keys_from(s, 0);
  kernels_matmul(rows, s->keys, s->headWidth, q, s->queryStride, false, k, s->keyStride, true, NULL, false,
                 b->scores.floats, keys.padded);
  powers_of_rows(s, at, rows, keys, b);
  kernels_matmul(rows, s->headWidth, s->keys, b->scores.floats, keys.padded, false, v, s->valueStride, false, NULL,
                 false, b->out, s->headWidth);
}

void kernels_attention(const AttentionShape *s, int64_t first, int64_t count, const float *q, const float *k,
                       const float *v, const void *packed, float *out, float *logSumExp, void *memory) {
  Scratch scratch = {memory, 0};
  Block b = cut_scratch(s, &scratch);
  int64_t step = block_rows(count);
  for (int64_t at = first; at < first + count; at += step) {
    int64_t rows = smaller(step, first + count - at);
    if (packed)
      attend_packed(s, at, rows, q + at * s->queryStride, packed, &b);
    else
      attend_plain(s, at, rows, q + at * s->queryStride, k, v, &b);
    scatter_rows(s, at, rows, &b, out, logSumExp);
  }
}
