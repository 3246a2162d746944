// Matrix products on oneDNN, on the calling thread.
#include "onednn.h"

static dnnl_memory_desc_t matrix(int64_t rows, int64_t columns, int64_t ld, bool transposed) {
  dnnl_memory_desc_t md;
  dnnl_dims_t dims = {rows, columns}, strides = {transposed ? 1 : ld, transposed ? ld : 1};
  CHECK(dnnl_memory_desc_init_by_strides(&md, 2, dims, dnnl_f32, strides));
  return md;
}

static Prepared *make_matmul(const Key *key) {
  const int64_t *w = key->words;
  dnnl_memory_desc_t a = matrix(w[1], w[3], w[4], w[5]), b = matrix(w[3], w[2], w[6], w[7]);
  dnnl_memory_desc_t c = matrix(w[1], w[2], w[10], false), bias = matrix(1, w[2], w[2], false);
  dnnl_matmul_desc_t desc;
  CHECK(dnnl_matmul_desc_init(&desc, &a, &b, w[8] ? &bias : NULL, &c));
  dnnl_primitive_attr_t attr = onednn_attributes(w[9]);
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, onednn_engine, NULL));
  Prepared *p = onednn_prepared(pd);
  onednn_add_argument(p, DNNL_ARG_SRC, &a);
  onednn_add_argument(p, DNNL_ARG_WEIGHTS, &b);
  onednn_add_argument(p, DNNL_ARG_DST, &c);
  if (w[8]) onednn_add_argument(p, DNNL_ARG_BIAS, &bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

void kernels_matmul(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, bool transposeA, const float *b,
                    int64_t ldb, bool transposeB, const float *bias, bool accumulate, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  Key key = {{1, m, n, k, lda, transposeA, ldb, transposeB, bias != NULL, accumulate, ldc}};
  Prepared *p = onednn_find(&key, make_matmul);
  onednn_point(p, DNNL_ARG_SRC, a);
  onednn_point(p, DNNL_ARG_WEIGHTS, b);
  onednn_point(p, DNNL_ARG_DST, c);
  if (bias) onednn_point(p, DNNL_ARG_BIAS, bias);
  onednn_run(p);
}
