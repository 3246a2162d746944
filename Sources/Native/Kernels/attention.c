// Attention of one head, block of query rows by block of keys: the matrix of scores is never kept, only a block of it
// in cache, and the output of the blocks before is rescaled where a later one has a higher score (Dao et al., 2022,
// FlashAttention, §3.1). Heads are copied out of the token-major arrays first: products are fastest on dense factors.
// The gradient is in attention_gradient.c.
#include "attention.h"

enum { FEW_NUMBERS = 4096 };  // keys of so few are not worth packing
// Query rows and keys a block, about. With our own products scores and keys lie in the L2 cache together; with oneDNN's
// a row of scores is whole, and 64 × 4096 of them stay in the larger caches of its CPUs.
enum { ROWS = 64, OWN_ROWS = 96, OWN_KEYS = 512 };

/// Blocks of equal size, lest the last one is a single row; of whole tiles for our own products.
static int64_t block_rows(const AttentionShape *s, int64_t queries) {
  bool isOwn = kernels_multiplies_own(s->bf16);
  int64_t usual = isOwn ? OWN_ROWS : ROWS, multiple = isOwn ? kernels_tile_rows() : 1;
  int64_t blocks = larger(1, (queries + usual / 2) / usual), size = (queries + blocks - 1) / blocks;
  return (size + multiple - 1) / multiple * multiple;
}

static int64_t key_block(const AttentionShape *s) {
  return kernels_multiplies_own(s->bf16) ? smaller(OWN_KEYS, padded16(s->keys)) : padded16(s->keys);
}

/// Keys first ..< first + count, with those that complete the last vector.
typedef struct {
  int64_t first, count, padded;
} Keys;

static Keys keys_from(const AttentionShape *s, int64_t first) {
  int64_t count = smaller(key_block(s), s->keys - first);
  return (Keys){first, count, padded16(count)};
}

/// scores = queries · keysᵀ
static KernelsMatrix keys_matrix(const AttentionShape *s, Keys keys) {
  return (KernelsMatrix){.n = keys.padded, .k = s->headWidth, .transposed = true, .bf16 = s->bf16};
}

/// output = probabilities · values
static KernelsMatrix values_matrix(const AttentionShape *s, Keys keys) {
  return (KernelsMatrix){.n = s->headWidth, .k = keys.padded, .bf16 = s->bf16};
}

typedef struct {
  Factor queries, scores;
  float *out, *m, *l;  // of each query of the block: output before it is divided by l
} Block;

static Block cut_scratch(const AttentionShape *s, Scratch *scratch) {
  int64_t rows = smaller(2 * OWN_ROWS, s->queries);
  Block b;
  b.queries = take_factor(scratch, rows * s->headWidth, s->bf16);
  b.scores = take_factor(scratch, rows * key_block(s), s->bf16);
  b.out = take(scratch, 4 * rows * s->headWidth);
  b.m = take(scratch, 4 * rows);
  b.l = take(scratch, 4 * rows);
  return b;
}

/// Of the block of keys, both sides; blocks lie one after the other.
static int64_t packed_bytes_of(const AttentionShape *s, Keys block) {
  KernelsMatrix keys = keys_matrix(s, block), values = values_matrix(s, block);
  return packed_bytes(&keys) + packed_bytes(&values);
}

int64_t kernels_attention_packed_bytes(const AttentionShape *s) {
  if (!s->bf16 && s->keys * s->headWidth <= FEW_NUMBERS) return 0;
  int64_t bytes = 0, step = key_block(s);
  for (int64_t first = 0; first < s->keys; first += step) bytes += packed_bytes_of(s, keys_from(s, first));
  return bytes;
}

int64_t kernels_attention_scratch_bytes(const AttentionShape *s) {
  Scratch scratch = {NULL, 0};
  cut_scratch(s, &scratch);
  return larger(scratch.used, 4 * key_block(s) * s->headWidth);
}

void kernels_attention_pack(const AttentionShape *s, const float *k, const float *v, void *packed, void *scratch) {
  KernelsNumbers dense = {scratch, KERNELS_F32};
  int64_t step = key_block(s);
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

/// Two vectors at a time: the compiler does not vectorise a running maximum by itself.
INLINE float row_maximum(int64_t n, const float *x) {
  Lanes even = LANES_AT(x), odd = even;
  int64_t i = LANES;
  for (; i + LANES < n; i += 2 * LANES) {
    Lanes a = LANES_AT(x + i), b = LANES_AT(x + i + LANES);
    even = a > even ? a : even;
    odd = b > odd ? b : odd;
  }
  if (i < n) even = LANES_AT(x + i) > even ? LANES_AT(x + i) : even;
  even = even > odd ? even : odd;
  // By halves: __builtin_reduce_max takes one lane after the other.
  __typeof__(even.lo) eight = even.lo > even.hi ? even.lo : even.hi;
  __typeof__(eight.lo) four = eight.lo > eight.hi ? eight.lo : eight.hi;
  __typeof__(four.lo) two = four.lo > four.hi ? four.lo : four.hi;
  return two.x > two.y ? two.x : two.y;
}

/// The softmax numerators x = exp(scale·(x − m)), exactly 1 at the maximum; returns their sum.
INLINE float softmax_numerators(int64_t n, float scale, float m, float *x) {
  const float factor = scale * LOG2_E;
  Lanes sums = 0;
  for (int64_t i = 0; i < n; i += LANES) {
    Lanes power = factor * (LANES_AT(x + i) - m);
    raise_two_to(&power);
    PUT_LANES(x + i, power);
    sums += power;
  }
  __typeof__(sums.lo) eight = sums.lo + sums.hi;
  __typeof__(eight.lo) four = eight.lo + eight.hi;
  return (four.x + four.z) + (four.y + four.w);
}

/// A higher maximum rescales the sum and the output of the keys before.
static void rescale(const AttentionShape *s, int64_t r, float m, Block *b) {
  float factor = fast_exp(s->scale * (b->m[r] - m));
  b->m[r] = m;
  b->l[r] *= factor;
  for (int64_t i = 0; i < s->headWidth; i++) b->out[r * s->headWidth + i] *= factor;
}

/// Online softmax: scores of `rows` queries from `first` on to numerators in place; m and l of each row are updated. l
/// divides the few outputs at the end, not the many numerators.
CLONES static void online_softmax(const AttentionShape *s, int64_t first, int64_t rows, Keys keys, Block *b) {
  for (int64_t r = 0; r < rows; r++) {
    float *row = b->scores.floats + r * keys.padded;
    int64_t visible = keys.count;
    if (s->causal) visible = larger(0, smaller(first + r + 1 - keys.first, visible));
    int64_t whole = padded16(visible);
    if (visible > 0) {
      // Masked keys add nothing to the sum, and nothing to the output.
      for (int64_t i = visible; i < whole; i++) row[i] = -INFINITY;
      float m = row_maximum(whole, row);
      if (keys.first == 0)
        b->m[r] = m, b->l[r] = 0;
      else if (m > b->m[r])
        rescale(s, r, m, b);
      b->l[r] += softmax_numerators(whole, s->scale, b->m[r], row);
    }
    for (int64_t i = visible; i < keys.padded; i++) row[i] = 0;
    round_to_bf16(b->scores, r * keys.padded, keys.padded);
  }
}

CLONES static void scatter_rows(const AttentionShape *s, int64_t first, int64_t rows, const Block *b, float *out,
                                float *logSumExp) {
  for (int64_t r = 0; r < rows; r++) {
    float inverse = 1.0f / b->l[r];
    for (int64_t i = 0; i < s->headWidth; i++)
      out[(first + r) * s->outStride + i] = inverse * b->out[r * s->headWidth + i];
    logSumExp[first + r] = s->scale * b->m[r] + logf(b->l[r]);
  }
}

/// A block of queries against all keys with packed factors.
static void attend_packed(const AttentionShape *s, int64_t at, int64_t rows, const float *q, const char *packed,
                          Block *b) {
  int64_t visible = s->causal ? smaller(s->keys, at + rows) : s->keys, step = key_block(s);
  gather_rows(rows, rows, s->headWidth, q, s->queryStride, b->queries.floats);
  round_to_bf16(b->queries, 0, rows * s->headWidth);
  KernelsRows queries = factor_rows(b->queries, rows), weights = factor_rows(b->scores, rows);
  for (int64_t first = 0; first < visible; first += step) {
    Keys block = keys_from(s, first);
    KernelsMatrix keys = keys_matrix(s, block), values = values_matrix(s, block);
    kernels_matrix_product(&keys, &queries, packed, 0, keys.n, NULL, b->scores.floats, keys.n);
    online_softmax(s, at, rows, block, b);
    const void *packedValues = packed + packed_bytes(&keys);
    if (first == 0)
      kernels_matrix_product(&values, &weights, packedValues, 0, values.n, NULL, b->out, values.n);
    else
      kernels_matrix_accumulate(&values, &weights, packedValues, b->out);
    packed += packed_bytes_of(s, block);
  }
}

/// The same on the token-major arrays, where there are too few keys to be worth packing: one block.
static void attend_plain(const AttentionShape *s, int64_t at, int64_t rows, const float *q, const float *k,
                         const float *v, Block *b) {
  Keys keys = keys_from(s, 0);
  KernelsProduct scores = {.m = rows, .n = s->keys, .k = s->headWidth, .a = q, .lda = s->queryStride, .b = k,
                           .ldb = s->keyStride, .transposeB = true, .c = b->scores.floats, .ldc = keys.padded};
  KernelsProduct out = {.m = rows, .n = s->headWidth, .k = s->keys, .a = b->scores.floats, .lda = keys.padded, .b = v,
                        .ldb = s->valueStride, .c = b->out, .ldc = s->headWidth};
  kernels_matmul(&scores);
  online_softmax(s, at, rows, keys, b);
  kernels_matmul(&out);
}

void kernels_attention(const AttentionShape *s, int64_t first, int64_t count, const float *q, const float *k,
                       const float *v, const void *packed, float *out, float *logSumExp, void *memory) {
  Scratch scratch = {memory, 0};
  Block b = cut_scratch(s, &scratch);
  int64_t step = block_rows(s, count);
  for (int64_t at = first; at < first + count; at += step) {
    int64_t rows = smaller(step, first + count - at);
    if (packed)
      attend_packed(s, at, rows, q + at * s->queryStride, packed, &b);
    else
      attend_plain(s, at, rows, q + at * s->queryStride, k, v, &b);
    scatter_rows(s, at, rows, &b, out, logSumExp);
  }
}
