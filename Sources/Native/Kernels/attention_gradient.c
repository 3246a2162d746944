// The gradient of one head's attention, with the probabilities recomputed from the rows' log-sum-exp (Dao et al., 2022,
// FlashAttention, appendix B). Blocks are turned: keys are rows and queries columns, so that all five products read
// their factors as they lie, and what belongs to a query stands still while a column of lanes runs over keys.
#include "attention.h"

enum { QUERIES = 256, KEYS = 128 };  // of one block at most: its scores and their gradients stay in the L2 cache

/// Keys of a block; for our own products blocks of whole tiles, as equal as may be.
static int64_t block_keys(const AttentionShape *s) {
  if (!kernels_reads_stored()) return KEYS;
  int64_t blocks = (s->keys + KEYS - 3) / (KEYS - 2), keys = (s->keys + blocks - 1) / blocks;
  return (keys + 5) / 6 * 6;
}

/// How one block of queries is read by the products: turned for the scores, as it is for the sums over queries.
typedef struct {
  KernelsMatrix turned, straight;
} Sides;

static Sides sides(const AttentionShape *s, int64_t padded) {
  return (Sides){{padded, s->headWidth, true, s->bf16, false}, {s->headWidth, padded, false, s->bf16, false}};
}

typedef struct {
  Factor keys, values, turnedKeys;  // keys×D, values×D, and the keys of each block D×keys
} Heads;

static Heads cut_packed(const AttentionShape *s, Scratch *scratch) {
  int64_t count = s->keys * s->headWidth;
  Heads h;
  h.keys = take_factor(scratch, count, s->bf16);
  h.values = take_factor(scratch, count, s->bf16);
  h.turnedKeys = take_factor(scratch, count, s->bf16);
  return h;
}

typedef struct {
  Factor p, ds;
  float *dense, *dq, *along, *level;
  void *queryScores, *outScores, *querySums, *outSums;  // q and dOut, turned and straight
} Block;

static Block cut_scratch(const AttentionShape *s, Scratch *scratch) {
  int64_t queries = padded16(smaller(QUERIES, s->queries)), keys = smaller(block_keys(s), s->keys);
  Sides side = sides(s, queries);
  Block b;
  b.p = take_factor(scratch, keys * queries, s->bf16);
  b.ds = take_factor(scratch, keys * queries, s->bf16);
  b.dense = take(scratch, 4 * queries * s->headWidth);
  b.dq = take(scratch, 4 * queries * s->headWidth);
  b.along = take(scratch, 4 * queries);
  b.level = take(scratch, 4 * queries);
  b.queryScores = take(scratch, packed_bytes(&side.turned));
  b.outScores = take(scratch, packed_bytes(&side.turned));
  b.querySums = take(scratch, packed_bytes(&side.straight));
  b.outSums = take(scratch, packed_bytes(&side.straight));
  return b;
}

int64_t kernels_attention_gradient_packed_bytes(const AttentionShape *s) {
  Scratch scratch = {NULL, 0};
  cut_packed(s, &scratch);
  return scratch.used;
}

int64_t kernels_attention_gradient_scratch_bytes(const AttentionShape *s) {
  Scratch scratch = {NULL, 0};
  cut_scratch(s, &scratch);
  return scratch.used;
}

/// to (columns×rows) = from (rows×columns)
static void turn(int64_t rows, int64_t columns, const float *from, float *to) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
}

void kernels_attention_gradient_pack(const AttentionShape *s, const float *k, const float *v, void *packed) {
  Scratch scratch = {packed, 0};
  Heads h = cut_packed(s, &scratch);
  int64_t width = s->headWidth, count = s->keys * width, step = block_keys(s);
  gather_rows(s->keys, s->keys, width, k, s->keyStride, h.keys.floats);
  gather_rows(s->keys, s->keys, width, v, s->valueStride, h.values.floats);
  for (int64_t first = 0; first < s->keys; first += step)
    turn(smaller(step, s->keys - first), width, h.keys.floats + first * width, h.turnedKeys.floats + first * width);
  halve(h.keys, 0, count);
  halve(h.values, 0, count);
  halve(h.turnedKeys, 0, count);
}

static Factor from_row(Factor f, int64_t first, int64_t width) {
  return (Factor){f.floats + first * width, f.halves ? f.halves + first * width : NULL};
}

/// For each query of the block its log-sum-exp, to base 2, and Σ out·dOut; zeros for those that only pad it.
CLONES static void read_levels(const AttentionShape *s, int64_t first, int64_t rows, int64_t padded,
                               const AttentionQueries *q, Block *b) {
  for (int64_t r = 0; r < padded; r++) b->along[r] = b->level[r] = 0;
  for (int64_t r = 0; r < rows; r++) {
    const float *o = q->out + (first + r) * s->outStride, *d = q->dOut + (first + r) * s->outStride;
    float sum = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 0; i < s->headWidth; i++) sum += o[i] * d[i];
    }
    b->along[r] = sum;
    b->level[r] = LOG2_E * q->logSumExp[first + r];
  }
}

static void read_queries(const AttentionShape *s, int64_t first, int64_t rows, int64_t padded,
                         const AttentionQueries *q, Block *b) {
  Sides side = sides(s, padded);
  KernelsNumbers dense = {b->dense, KERNELS_F32};
  gather_rows(rows, padded, s->headWidth, q->q + first * s->queryStride, s->queryStride, b->dense);
  kernels_matrix_pack(&side.turned, dense, 0, padded, b->queryScores);
  kernels_matrix_pack(&side.straight, dense, 0, s->headWidth, b->querySums);
  gather_rows(rows, padded, s->headWidth, q->dOut + first * s->outStride, s->outStride, b->dense);
  kernels_matrix_pack(&side.turned, dense, 0, padded, b->outScores);
  kernels_matrix_pack(&side.straight, dense, 0, s->headWidth, b->outSums);
  read_levels(s, first, rows, padded, q, b);
}

/// Scores (keys×queries) to probabilities by the kept log-sum-exp, and dP to dS = scale·P·(dP − Σ P·dP), where
/// Σ P·dP = Σ out·dOut of the query.
CLONES static void probabilities_and_score_gradient(const AttentionShape *s, int64_t firstKey, int64_t keys,
                                                    int64_t firstQuery, int64_t queries, const Block *b) {
  const float factor = s->scale * LOG2_E;
  for (int64_t j = 0; j < keys; j++) {
    float *p = b->p.floats + j * queries, *ds = b->ds.floats + j * queries;
    for (int64_t r = 0; r < queries; r++) {
      p[r] = power_of_two(p[r] * factor - b->level[r]);
      ds[r] = s->scale * p[r] * (ds[r] - b->along[r]);
    }
    // With `causal`, the queries before this key do not see it.
    int64_t blind = s->causal ? smaller(queries, larger(0, firstKey + j - firstQuery)) : 0;
    for (int64_t r = 0; r < blind; r++) p[r] = ds[r] = 0;
    halve(b->p, j * queries, queries);
    halve(b->ds, j * queries, queries);
  }
}

/// One block of keys against the block of queries: its part of dk and dv in `sums`, and of the queries' dq.
static void gradient_of_block(const AttentionShape *s, const Heads *h, int64_t firstKey, int64_t firstQuery,
                              int64_t queries, Block *b, bool wantsQueries, float *sums) {
  int64_t width = s->headWidth, keys = smaller(block_keys(s), s->keys - firstKey);
  Sides side = sides(s, queries);
  Factor k = from_row(h->keys, firstKey, width), v = from_row(h->values, firstKey, width);
  kernels_matrix_product(&side.turned, keys, factor_data(k), b->queryScores, 0, queries, NULL, b->p.floats, queries);
  kernels_matrix_product(&side.turned, keys, factor_data(v), b->outScores, 0, queries, NULL, b->ds.floats, queries);
  probabilities_and_score_gradient(s, firstKey, keys, firstQuery, queries, b);
  float *dk = sums + firstKey * width, *dv = dk + s->keys * width;
  kernels_matrix_accumulate(&side.straight, keys, factor_data(b->ds), b->querySums, dk);
  kernels_matrix_accumulate(&side.straight, keys, factor_data(b->p), b->outSums, dv);
  if (!wantsQueries) return;
  Factor turned = from_row(h->turnedKeys, firstKey, width);
  if (s->bf16)
    kernels_matmul_bf16(width, queries, keys, turned.halves, keys, false, b->ds.halves, queries, false, NULL, true,
                        b->dq, queries);
  else
    kernels_matmul(width, queries, keys, turned.floats, keys, false, b->ds.floats, queries, false, NULL, true, b->dq,
                   queries);
}

void kernels_attention_gradient(const AttentionShape *s, int64_t first, int64_t count, const AttentionQueries *q,
                                const void *packed, float *sums, void *memory) {
  Scratch scratch = {memory, 0}, packs = {(char *)(uintptr_t)packed, 0};
  Block b = cut_scratch(s, &scratch);
  Heads h = cut_packed(s, &packs);
  int64_t step = block_keys(s);
  memset(sums, 0, (size_t)(2 * s->keys * s->headWidth) * sizeof(float));
  for (int64_t at = first; at < first + count; at += QUERIES) {
    int64_t rows = smaller(QUERIES, first + count - at), padded = padded16(rows);
    read_queries(s, at, rows, padded, q, &b);
    memset(b.dq, 0, (size_t)(padded * s->headWidth) * sizeof(float));
    int64_t seen = s->causal ? smaller(s->keys, at + rows) : s->keys;
    for (int64_t key = 0; key < seen; key += step) gradient_of_block(s, &h, key, at, padded, &b, q->dq != NULL, sums);
    if (!q->dq) continue;
    for (int64_t r = 0; r < rows; r++)
      for (int64_t i = 0; i < s->headWidth; i++) q->dq[(at + r) * s->queryStride + i] = b.dq[i * padded + r];
  }
}

static void add_parts(const AttentionShape *s, int64_t parts, const float *sums, int64_t stride, float *to,
                      int64_t toStride) {
  for (int64_t part = 1; part < parts; part++)
    kernels_axpy(s->keys * s->headWidth, 1, sums + part * stride, (float *)(uintptr_t)sums);
  for (int64_t row = 0; row < s->keys; row++)
    memcpy(to + row * toStride, sums + row * s->headWidth, (size_t)s->headWidth * sizeof(float));
}

void kernels_attention_gradient_gather(const AttentionShape *s, int64_t parts, float *sums, float *dk, float *dv) {
  int64_t one = s->keys * s->headWidth;
  if (dk) add_parts(s, parts, sums, 2 * one, dk, s->keyStride);
  if (dv) add_parts(s, parts, sums + one, 2 * one, dv, s->valueStride);
}
