// The gradient of one head's attention, with the probabilities recomputed from the rows' log-sum-exp (Dao et al., 2022,
// FlashAttention, appendix B). Blocks are transposed: keys are rows and queries columns, so that all five products read
// their factors as they are stored, and what belongs to a query stays in its lane while the rows of keys pass.
#include "attention.h"

enum { QUERIES = 256, KEYS = 128 };  // of one block at most: its scores and their gradients stay in the L2 cache

/// Keys of a block; for our own products blocks of whole tiles, as equal as may be.
static int64_t key_block(const AttentionShape *s) {
  return kernels_multiplies_own(s->bf16) ? equal_blocks(s->keys, KEYS - 2, kernels_tile_rows()) : KEYS;
}

/// One block of queries as the right side of products: transposed for scores, as it is stored for sums over queries.
typedef struct {
  KernelsMatrix scores, sums;
} Sides;

static Sides sides(const AttentionShape *s, int64_t padded) {
  return (Sides){{.n = padded, .k = s->headWidth, .transposed = true, .bf16 = s->bf16},
                 {.n = s->headWidth, .k = padded, .bf16 = s->bf16}};
}

/// The packed factors of a head, one after the other: keys×D, values×D, and the keys of each block D×keys.
enum { KEY_ROWS, VALUE_ROWS, TRANSPOSED_KEYS, FACTORS };

static int64_t factor_bytes(const AttentionShape *s) {
  Scratch counter = {NULL, 0};
  take_factor(&counter, s->keys * s->headWidth, s->bf16);
  return counter.used;
}

/// One of these from key `first` on, in the type in which it is multiplied.
static const void *packed_factor(const AttentionShape *s, const void *packed, int factor, int64_t first) {
  const char *floats = (const char *)packed + factor * factor_bytes(s);
  if (!s->bf16) return floats + 4 * first * s->headWidth;
  Scratch counter = {NULL, 0};
  take(&counter, 4 * s->keys * s->headWidth);
  return floats + counter.used + 2 * first * s->headWidth;
}

typedef struct {
  Factor p, ds;
  float *dense, *dq, *d, *lse;  // lse to base 2
  void *queryScores, *outScores, *querySums, *outSums;  // q and dOut, packed for scores and for sums
} Block;

static Block cut_scratch(const AttentionShape *s, Scratch *scratch) {
  int64_t queries = padded16(smaller(QUERIES, s->queries)), keys = smaller(key_block(s), s->keys);
  Sides side = sides(s, queries);
  Block b;
  b.p = take_factor(scratch, keys * queries, s->bf16);
  b.ds = take_factor(scratch, keys * queries, s->bf16);
  b.dense = take(scratch, 4 * queries * s->headWidth);
  b.dq = take(scratch, 4 * queries * s->headWidth);
  b.d = take(scratch, 4 * queries);
  b.lse = take(scratch, 4 * queries);
  b.queryScores = take(scratch, packed_bytes(&side.scores));
  b.outScores = take(scratch, packed_bytes(&side.scores));
  b.querySums = take(scratch, packed_bytes(&side.sums));
  b.outSums = take(scratch, packed_bytes(&side.sums));
  return b;
}

int64_t kernels_attention_gradient_packed_bytes(const AttentionShape *s) {
  return FACTORS * factor_bytes(s);
}

int64_t kernels_attention_gradient_scratch_bytes(const AttentionShape *s) {
  Scratch scratch = {NULL, 0};
  cut_scratch(s, &scratch);
  return scratch.used;
}

/// to (columns×rows) = from (rows×columns)
static void transpose(int64_t rows, int64_t columns, const float *from, float *to) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
}

void kernels_attention_gradient_pack(const AttentionShape *s, const float *k, const float *v, void *packed) {
  Scratch scratch = {packed, 0};
  int64_t width = s->headWidth, count = s->keys * width, step = key_block(s);
  Factor factors[FACTORS];
  for (int i = 0; i < FACTORS; i++) factors[i] = take_factor(&scratch, count, s->bf16);
  const float *keys = factors[KEY_ROWS].floats;
  gather_rows(s->keys, s->keys, width, k, s->keyStride, factors[KEY_ROWS].floats);
  gather_rows(s->keys, s->keys, width, v, s->valueStride, factors[VALUE_ROWS].floats);
  for (int64_t first = 0; first < s->keys; first += step)
    transpose(smaller(step, s->keys - first), width, keys + first * width,
              factors[TRANSPOSED_KEYS].floats + first * width);
  for (int i = 0; i < FACTORS; i++) round_to_bf16(factors[i], 0, count);
}

/// For each query of the block its LSE, to base 2, and D = Σ out·dOut; zeros for those that only pad it.
CLONES static void read_lse_and_d(const AttentionShape *s, int64_t first, int64_t rows, int64_t padded,
                               const AttentionQueries *q, Block *b) {
  for (int64_t r = 0; r < padded; r++) b->d[r] = b->lse[r] = 0;
  for (int64_t r = 0; r < rows; r++) {
    const float *o = q->out + (first + r) * s->outStride, *d = q->dOut + (first + r) * s->outStride;
    float sum = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 0; i < s->headWidth; i++) sum += o[i] * d[i];
    }
    b->d[r] = sum;
    b->lse[r] = LOG2_E * q->logSumExp[first + r];
  }
}

static void read_queries(const AttentionShape *s, int64_t first, int64_t rows, int64_t padded,
                         const AttentionQueries *q, Block *b) {
  Sides side = sides(s, padded);
  KernelsNumbers dense = {b->dense, KERNELS_F32};
  gather_rows(rows, padded, s->headWidth, q->q + first * s->queryStride, s->queryStride, b->dense);
  kernels_matrix_pack(&side.scores, dense, 0, padded, b->queryScores);
  kernels_matrix_pack(&side.sums, dense, 0, s->headWidth, b->querySums);
  gather_rows(rows, padded, s->headWidth, q->dOut + first * s->outStride, s->outStride, b->dense);
  kernels_matrix_pack(&side.scores, dense, 0, padded, b->outScores);
  kernels_matrix_pack(&side.sums, dense, 0, s->headWidth, b->outSums);
  read_lse_and_d(s, first, rows, padded, q, b);
}

/// Scores (keys×queries) to probabilities P by the kept LSE, and dP to dS = scale·P·(dP − D).
CLONES static void probabilities_and_score_gradient(const AttentionShape *s, int64_t firstKey, int64_t keys,
                                                    int64_t firstQuery, int64_t queries, const Block *b) {
  const float factor = s->scale * LOG2_E;
  for (int64_t j = 0; j < keys; j++) {
    float *p = b->p.floats + j * queries, *ds = b->ds.floats + j * queries;
    for (int64_t r = 0; r < queries; r += LANES) {
      Lanes power = LANES_AT(p + r) * factor - LANES_AT(b->lse + r);
      raise_two_to(&power);
      PUT_LANES(p + r, power);
      PUT_LANES(ds + r, s->scale * power * (LANES_AT(ds + r) - LANES_AT(b->d + r)));
    }
    // With `causal`, the queries before this key do not attend to it.
    int64_t masked = s->causal ? smaller(queries, larger(0, firstKey + j - firstQuery)) : 0;
    for (int64_t r = 0; r < masked; r++) p[r] = ds[r] = 0;
    round_to_bf16(b->p, j * queries, queries);
    round_to_bf16(b->ds, j * queries, queries);
  }
}

/// One block of keys against the block of queries: its part of dk and dv in `sums`, and of the queries' dq.
static void gradient_of_block(const AttentionShape *s, const void *packed, int64_t firstKey, int64_t firstQuery,
                              int64_t queries, Block *b, bool wantsQueries, float *sums) {
  int64_t width = s->headWidth, keys = smaller(key_block(s), s->keys - firstKey);
  Sides side = sides(s, queries);
  KernelsRows k = {.numbers = packed_factor(s, packed, KEY_ROWS, firstKey), .count = keys};
  KernelsRows v = {.numbers = packed_factor(s, packed, VALUE_ROWS, firstKey), .count = keys};
  kernels_matrix_product(&side.scores, &k, b->queryScores, 0, queries, NULL, b->p.floats, queries);
  kernels_matrix_product(&side.scores, &v, b->outScores, 0, queries, NULL, b->ds.floats, queries);
  probabilities_and_score_gradient(s, firstKey, keys, firstQuery, queries, b);
  float *dk = sums + firstKey * width, *dv = dk + s->keys * width;
  KernelsRows ds = factor_rows(b->ds, keys), p = factor_rows(b->p, keys);
  kernels_matrix_accumulate(&side.sums, &ds, b->querySums, dk);
  kernels_matrix_accumulate(&side.sums, &p, b->outSums, dv);
  if (!wantsQueries) return;
  const void *transposed = packed_factor(s, packed, TRANSPOSED_KEYS, firstKey);
  KernelsProduct dq = {.m = width, .n = queries, .k = keys, .a = transposed, .lda = keys, .b = factor_data(b->ds),
                       .ldb = queries, .bType = s->bf16 ? KERNELS_BF16 : KERNELS_F32, .accumulate = true, .c = b->dq,
                       .ldc = queries};
  kernels_matmul(&dq);
}

void kernels_attention_gradient(const AttentionShape *s, int64_t first, int64_t count, const AttentionQueries *q,
                                const void *packed, float *sums, void *memory) {
  Scratch scratch = {memory, 0};
  Block b = cut_scratch(s, &scratch);
  int64_t step = key_block(s);
  memset(sums, 0, (size_t)(2 * s->keys * s->headWidth) * sizeof(float));
  for (int64_t at = first; at < first + count; at += QUERIES) {
    int64_t rows = smaller(QUERIES, first + count - at), padded = padded16(rows);
    read_queries(s, at, rows, padded, q, &b);
    memset(b.dq, 0, (size_t)(padded * s->headWidth) * sizeof(float));
    int64_t visible = s->causal ? smaller(s->keys, at + rows) : s->keys;
    for (int64_t key = 0; key < visible; key += step)
      gradient_of_block(s, packed, key, at, padded, &b, q->dq != NULL, sums);
    if (!q->dq) continue;
    for (int64_t r = 0; r < rows; r++)
      for (int64_t i = 0; i < s->headWidth; i++) q->dq[(at + r) * s->queryStride + i] = b.dq[i * padded + r];
  }
}

/// Adds all parts to the first, and copies it.
static void add_parts(const AttentionShape *s, int64_t parts, float *sums, int64_t stride, float *to,
                      int64_t toStride) {
  for (int64_t part = 1; part < parts; part++) kernels_axpy(s->keys * s->headWidth, 1, sums + part * stride, sums);
  for (int64_t row = 0; row < s->keys; row++)
    memcpy(to + row * toStride, sums + row * s->headWidth, (size_t)s->headWidth * sizeof(float));
}

void kernels_attention_gradient_gather(const AttentionShape *s, int64_t parts, float *sums, float *dk, float *dv) {
  int64_t one = s->keys * s->headWidth;
  if (dk) add_parts(s, parts, sums, 2 * one, dk, s->keyStride);
  if (dv) add_parts(s, parts, sums + one, 2 * one, dv, s->valueStride);
}
