// Attention of one head in blocks of query rows: the matrix of scores is never kept, only a block of it in cache.
// The gradient recomputes each block from the rows' log-sum-exp (Dao et al., 2022, FlashAttention, §3.1 and appendix B).
#include "vector.h"

enum { ROWS = 64 };  // query rows a block: ROWS × keys floats stay in the L2 cache for up to 4096 keys

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

int64_t kernels_attention_scratch(const AttentionShape *s) { return 2 * ROWS * s->keys + ROWS; }

/// Scores of `rows` queries from `first` on to probabilities in place; writes the rows' log-sum-exp.
CLONES static void softmax_rows(const AttentionShape *s, int64_t first, int64_t rows, float *scores,
                                float *logSumExp) {
  for (int64_t r = 0; r < rows; r++) {
    float *row = scores + r * s->keys;
    int64_t seen = s->causal ? smaller(first + r + 1, s->keys) : s->keys;
    float top = row[0];
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 1; i < seen; i++) top = row[i] > top ? row[i] : top;
    }
    float sum = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 0; i < seen; i++) {
        row[i] = fast_exp(s->scale * (row[i] - top));
        sum += row[i];
      }
    }
    float inverse = 1.0f / sum;
    for (int64_t i = 0; i < seen; i++) row[i] *= inverse;
    for (int64_t i = seen; i < s->keys; i++) row[i] = 0;
    logSumExp[first + r] = s->scale * top + logf(sum);
  }
}

void kernels_attention(const AttentionShape *s, const float *q, const float *k, const float *v, float *out,
                       float *logSumExp, float *scratch) {
  for (int64_t first = 0; first < s->queries; first += ROWS) {
    int64_t rows = smaller(ROWS, s->queries - first);
    kernels_matmul(rows, s->keys, s->headWidth, q + first * s->queryStride, s->queryStride, false, k, s->keyStride,
                   true, NULL, false, scratch, s->keys);
    softmax_rows(s, first, rows, scratch, logSumExp);
    kernels_matmul(rows, s->headWidth, s->keys, scratch, s->keys, false, v, s->valueStride, false, NULL, false,
                   out + first * s->outStride, s->outStride);
  }
}

/// Scores to probabilities by the kept log-sum-exp, and dP to dS = P·(dP − Σ P·dP), Σ P·dP being Σ out·dOut of the row.
CLONES static void probabilities_and_score_gradient(const AttentionShape *s, int64_t first, int64_t rows,
                                                    const float *logSumExp, const float *along, float *p, float *dp) {
  for (int64_t r = 0; r < rows; r++) {
    float *row = p + r * s->keys, *drow = dp + r * s->keys;
    int64_t seen = s->causal ? smaller(first + r + 1, s->keys) : s->keys;
    float level = logSumExp[first + r], removed = along[r];
    for (int64_t i = 0; i < seen; i++) {
      row[i] = fast_exp(s->scale * row[i] - level);
      drow[i] = s->scale * row[i] * (drow[i] - removed);
    }
    for (int64_t i = seen; i < s->keys; i++) row[i] = drow[i] = 0;
  }
}

CLONES static void output_along_gradient(const AttentionShape *s, int64_t first, int64_t rows, const float *out,
                                         const float *dOut, float *along) {
  for (int64_t r = 0; r < rows; r++) {
    const float *o = out + (first + r) * s->outStride, *d = dOut + (first + r) * s->outStride;
    float sum = 0;
    {
#pragma clang fp reassociate(on)
      for (int64_t i = 0; i < s->headWidth; i++) sum += o[i] * d[i];
    }
    along[r] = sum;
  }
}

void kernels_attention_gradient(const AttentionShape *s, const float *q, const float *k, const float *v,
                                const float *out, const float *logSumExp, const float *dOut, float *dq, float *dk,
                                float *dv, float *scratch) {
  float *p = scratch, *dp = scratch + ROWS * s->keys, *along = scratch + 2 * ROWS * s->keys;
  for (int64_t first = 0; first < s->queries; first += ROWS) {
    int64_t rows = smaller(ROWS, s->queries - first);
    bool later = first > 0;  // dk and dv gather all blocks of queries
    const float *qBlock = q + first * s->queryStride, *dBlock = dOut + first * s->outStride;
    kernels_matmul(rows, s->keys, s->headWidth, qBlock, s->queryStride, false, k, s->keyStride, true, NULL, false, p,
                   s->keys);
    kernels_matmul(rows, s->keys, s->headWidth, dBlock, s->outStride, false, v, s->valueStride, true, NULL, false, dp,
                   s->keys);
    output_along_gradient(s, first, rows, out, dOut, along);
    probabilities_and_score_gradient(s, first, rows, logSumExp, along, p, dp);
    if (dv)
      kernels_matmul(s->keys, s->headWidth, rows, p, s->keys, true, dBlock, s->outStride, false, NULL, later, dv,
                     s->valueStride);
    if (dk)
      kernels_matmul(s->keys, s->headWidth, rows, dp, s->keys, true, qBlock, s->queryStride, false, NULL, later, dk,
                     s->keyStride);
    if (dq)
      kernels_matmul(rows, s->headWidth, s->keys, dp, s->keys, false, k, s->keyStride, false, NULL, false,
                     dq + first * s->queryStride, s->queryStride);
  }
}
