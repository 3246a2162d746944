// Attention of one head in blocks of query rows: the matrix of scores is never kept, only a block of it in cache
// (Dao et al., 2022, FlashAttention, §3.1, with whole rows of scores). Heads are copied out of the token-major arrays
// first, since the fast products want dense factors.
#include "attention.h"

enum { FEW_NUMBERS = 4096 };  // keys of so few are not worth packing
enum { ROWS = 64 };  // query rows a block, about: ROWS × keys floats stay in the caches for up to 4096 keys

/// Blocks of equal size, lest the last one is a single row.
static int64_t block_rows(int64_t queries) {
  int64_t blocks = larger(1, (queries + ROWS / 2) / ROWS);
  return (queries + blocks - 1) / blocks;
}

/// scores = queries · keysᵀ
static KernelsMatrix keys_matrix(const AttentionShape *s) {
  return (KernelsMatrix){padded16(s->keys), s->headWidth, true, s->bf16};
}

/// output = probabilities · values
static KernelsMatrix values_matrix(const AttentionShape *s) {
  return (KernelsMatrix){s->headWidth, padded16(s->keys), false, s->bf16};
}

typedef struct {
  Factor queries, scores;
  float *out, *inverse;
} Block;

static Block cut_scratch(const AttentionShape *s, Scratch *scratch) {
  int64_t rows = smaller(2 * ROWS, s->queries);
  Block b;
  b.queries = take_factor(scratch, rows * s->headWidth, s->bf16);
  b.scores = take_factor(scratch, rows * padded16(s->keys), s->bf16);
  b.out = take(scratch, 4 * rows * s->headWidth);
  b.inverse = take(scratch, 4 * rows);
  return b;
}

int64_t kernels_attention_packed_bytes(const AttentionShape *s) {
  if (!s->bf16 && s->keys * s->headWidth <= FEW_NUMBERS) return 0;
  KernelsMatrix keys = keys_matrix(s), values = values_matrix(s);
  return packed_bytes(&keys) + packed_bytes(&values);
}

int64_t kernels_attention_scratch_bytes(const AttentionShape *s) {
  Scratch scratch = {NULL, 0};
  cut_scratch(s, &scratch);
  return larger(scratch.used, 4 * padded16(s->keys) * s->headWidth);
}

void kernels_attention_pack(const AttentionShape *s, const float *k, const float *v, void *packed, void *scratch) {
  KernelsMatrix keys = keys_matrix(s), values = values_matrix(s);
  KernelsNumbers dense = {scratch, KERNELS_F32};
  gather_rows(s->keys, keys.n, s->headWidth, k, s->keyStride, scratch);
  kernels_matrix_pack(&keys, dense, 0, keys.n, packed);
  gather_rows(s->keys, keys.n, s->headWidth, v, s->valueStride, scratch);
  kernels_matrix_pack(&values, dense, 0, values.n, (char *)packed + packed_bytes(&keys));
}

// Rows of scores are padded to whole vectors, so that no loop has a remainder.
enum { LANES = 16 };
typedef float Lanes __attribute__((ext_vector_type(LANES), aligned(4)));
#define LANES_AT(x) (*(const Lanes *)(x))

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

/// x = exp(scale·(x − top)); returns the sum.
INLINE float powers(int64_t n, float scale, float top, float *x) {
  Lanes sums = 0;
  for (int64_t i = 0; i < n; i += LANES) {
    for (int l = 0; l < LANES; l++) x[i + l] = exp_below_zero(scale * (x[i + l] - top));
    sums += LANES_AT(x + i);
  }
  __typeof__(sums.lo) eight = sums.lo + sums.hi;
  __typeof__(eight.lo) four = eight.lo + eight.hi;
  return (four.x + four.z) + (four.y + four.w);
}

/// Scores of `rows` queries from `first` on to exp(score − highest score) in place, with 1/Σ and the log-sum-exp of
/// each row: the sum divides the few outputs, not the many powers.
CLONES static void powers_of_rows(const AttentionShape *s, int64_t first, int64_t rows, Block *b, float *logSumExp) {
  int64_t padded = padded16(s->keys);
  for (int64_t r = 0; r < rows; r++) {
    float *row = b->scores.floats + r * padded;
    int64_t seen = s->causal ? smaller(first + r + 1, s->keys) : s->keys, whole = padded16(seen);
    // What is not seen is too low to count in the sum, and nothing in the output.
    for (int64_t i = seen; i < whole; i++) row[i] = -INFINITY;
    float top = highest(whole, row), sum = powers(whole, s->scale, top, row);
    for (int64_t i = seen; i < padded; i++) row[i] = 0;
    halve(b->scores, r * padded, padded);
    b->inverse[r] = 1.0f / sum;
    logSumExp[first + r] = s->scale * top + logf(sum);
  }
}

CLONES static void scatter_scaled(int64_t rows, int64_t width, const float *from, const float *factor, float *to,
                                  int64_t stride) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < width; i++) to[r * stride + i] = factor[r] * from[r * width + i];
}

/// Scores of a block of queries, and what its probabilities make of the values: with packed factors, or straight from
/// the token-major arrays where there are too few keys to be worth packing.
static void score_block(const AttentionShape *s, int64_t rows, const float *q, const float *k, const void *packed,
                        Block *b) {
  KernelsMatrix keys = keys_matrix(s);
  if (!packed) {
    kernels_matmul(rows, s->keys, s->headWidth, q, s->queryStride, false, k, s->keyStride, true, NULL, false,
                   b->scores.floats, keys.n);
    return;
  }
  gather_rows(rows, rows, s->headWidth, q, s->queryStride, b->queries.floats);
  halve(b->queries, 0, rows * s->headWidth);
  kernels_matrix_product(&keys, rows, factor_data(b->queries), packed, 0, keys.n, NULL, b->scores.floats, keys.n);
}

static void mix_values(const AttentionShape *s, int64_t rows, const float *v, const void *packed, Block *b) {
  KernelsMatrix keys = keys_matrix(s), values = values_matrix(s);
  if (!packed) {
    kernels_matmul(rows, s->headWidth, s->keys, b->scores.floats, keys.n, false, v, s->valueStride, false, NULL, false,
                   b->out, s->headWidth);
    return;
  }
  kernels_matrix_product(&values, rows, factor_data(b->scores), (const char *)packed + packed_bytes(&keys), 0, values.n,
                         NULL, b->out, values.n);
}

void kernels_attention(const AttentionShape *s, int64_t first, int64_t count, const float *q, const float *k,
                       const float *v, const void *packed, float *out, float *logSumExp, void *memory) {
  Scratch scratch = {memory, 0};
  Block b = cut_scratch(s, &scratch);
  int64_t step = block_rows(count);
  for (int64_t at = first; at < first + count; at += step) {
    int64_t rows = smaller(step, first + count - at);
    score_block(s, rows, q + at * s->queryStride, k, packed, &b);
    powers_of_rows(s, at, rows, &b, logSumExp);
    mix_values(s, rows, v, packed, &b);
    scatter_scaled(rows, s->headWidth, b.out, b.inverse, out + at * s->outStride, s->outStride);
  }
}
