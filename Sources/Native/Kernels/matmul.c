// Matrix products on the calling thread, of plain matrices and with a right side that was packed before: on oneDNN, or
// on our own kernels where oneDNN has none that are up to the CPU (gemm.h).
#include "gemm.h"
#include "onednn.h"

#include <string.h>

static dnnl_memory_desc_t matrix(int64_t rows, int64_t columns, int64_t ld, bool transposed, dnnl_data_type_t type) {
  dnnl_memory_desc_t md;
  dnnl_dims_t dims = {rows, columns}, strides = {transposed ? 1 : ld, transposed ? ld : 1};
  CHECK(dnnl_memory_desc_init_by_strides(&md, 2, dims, type, strides));
  return md;
}

static dnnl_data_type_t number_type(bool bf16) { return bf16 ? dnnl_bf16 : dnnl_f32; }

/// c = a·b [+ bias], ready to run; `b` may leave its layout to the primitive.
static Prepared *prepared_product(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b, const dnnl_memory_desc_t *c,
                                  bool hasBias, bool accumulate) {
  dnnl_memory_desc_t bias = matrix(1, c->dims[1], c->dims[1], false, dnnl_f32);
  dnnl_matmul_desc_t desc;
  CHECK(dnnl_matmul_desc_init(&desc, a, b, hasBias ? &bias : NULL, c));
  dnnl_primitive_attr_t attr = onednn_attributes(accumulate);
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, onednn_engine, NULL));
  Prepared *p = onednn_prepared(pd);
  p->weights = *onednn_wanted(pd, dnnl_query_weights_md);
  onednn_add_argument(p, DNNL_ARG_SRC, a);
  onednn_add_argument(p, DNNL_ARG_WEIGHTS, &p->weights);
  onednn_add_argument(p, DNNL_ARG_DST, c);
  if (hasBias) onednn_add_argument(p, DNNL_ARG_BIAS, &bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

static void run_product(Prepared *p, const void *a, const void *b, const float *bias, float *c) {
  onednn_point(p, DNNL_ARG_SRC, a);
  onednn_point(p, DNNL_ARG_WEIGHTS, b);
  onednn_point(p, DNNL_ARG_DST, c);
  if (bias) onednn_point(p, DNNL_ARG_BIAS, bias);
  onednn_run(p);
}

// ---- Plain matrices ---------------------------------------------------------------------------------------------

static Prepared *make_matmul(const Key *key) {
  const int64_t *w = key->words;
  dnnl_data_type_t type = number_type(w[11]);
  dnnl_memory_desc_t a = matrix(w[1], w[3], w[4], w[5], type), b = matrix(w[3], w[2], w[6], w[7], type);
  dnnl_memory_desc_t c = matrix(w[1], w[2], w[10], false, dnnl_f32);
  return prepared_product(&a, &b, &c, w[8], w[9]);
}

static GemmSide side(const void *numbers, KernelsType type, int64_t ld, bool transposed) {
  return (GemmSide){{numbers, type}, transposed ? 1 : ld, transposed ? ld : 1, 0};
}

void kernels_matmul(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, bool transposeA, const float *b,
                    int64_t ldb, bool transposeB, const float *bias, bool accumulate, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  if (gemm_is_ours())
    return gemm(m, n, k, side(a, KERNELS_F32, lda, transposeA), side(b, KERNELS_F32, ldb, transposeB), bias, accumulate,
                c, ldc);
  Key key = {{KIND_MATMUL, m, n, k, lda, transposeA, ldb, transposeB, bias != NULL, accumulate, ldc, false}};
  run_product(onednn_find(&key, make_matmul), a, b, bias, c);
}

void kernels_matmul_bf16(int64_t m, int64_t n, int64_t k, const void *a, int64_t lda, bool transposeA, const void *b,
                         int64_t ldb, bool transposeB, const float *bias, bool accumulate, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  Key key = {{KIND_MATMUL, m, n, k, lda, transposeA, ldb, transposeB, bias != NULL, accumulate, ldc, true}};
  run_product(onednn_find(&key, make_matmul), a, b, bias, c);
}

bool kernels_has_bf16(void) {
  // The bits of a level include those of the levels below.
  return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

bool kernels_runs_own_products(void) { return gemm_can_run(); }

void kernels_own_matmul(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, bool transposeA, KernelsNumbers b,
                        int64_t ldb, bool transposeB, bool packed, bool packsRows, const float *bias, bool accumulate,
                        float *c, int64_t ldc) {
  GemmSide left = side(a, KERNELS_F32, lda, transposeA), right = side(b.data, b.type, ldb, transposeB);
  bool bf16 = b.type == KERNELS_BF16;
  float *rows = packsRows ? malloc((size_t)(gemm_packed_rows(m) * k) * sizeof(float)) : NULL;
  void *columns = packed ? malloc((size_t)gemm_packed_bytes(k, n, bf16)) : NULL;
  if (packsRows) {
    gemm_pack_rows(m, k, left, 0, m, rows);
    left = (GemmSide){{rows, KERNELS_F32}, 0, 0, gemm_packed_rows(m)};
  }
  if (packed) {
    gemm_pack(k, n, right, bf16, columns);
    gemm_with_packed(m, n, k, left, columns, bf16, bias, accumulate, c, ldc);
  } else {
    gemm(m, n, k, left, right, bias, accumulate, c, ldc);
  }
  free(rows);
  free(columns);
}

bool kernels_reads_stored(void) { return gemm_is_ours(); }

// ---- A packed right side ----------------------------------------------------------------------------------------

enum { COLUMN_BLOCK = 64, USUAL_ROWS = 64 };

/// words: kind, rows, columns, k, bf16, has bias, row stride of c, adds to c. The layout is the one for USUAL_ROWS,
/// whatever the rows, since one packing serves them all.
static Prepared *make_packed_product(const Key *key) {
  const int64_t *w = key->words;
  dnnl_data_type_t type = number_type(w[4]);
  dnnl_dims_t dims = {w[3], w[2]};
  dnnl_memory_desc_t b, a = matrix(w[1], w[3], w[3], false, type), c = matrix(w[1], w[2], w[6], false, dnnl_f32);
  CHECK(dnnl_memory_desc_init_by_tag(&b, 2, dims, type, dnnl_format_tag_any));
  if (w[1] != USUAL_ROWS) {
    Key usual = {{KIND_PACKED_MATMUL, USUAL_ROWS, w[2], w[3], w[4], true, w[2]}};
    b = onednn_find(&usual, make_packed_product)->weights;
  }
  return prepared_product(&a, &b, &c, w[5], w[7]);
}

static const dnnl_memory_desc_t *packed_layout(const KernelsMatrix *b, int64_t columns) {
  Key key = {{KIND_PACKED_MATMUL, USUAL_ROWS, columns, b->k, b->bf16, true, columns}};
  return &onednn_find(&key, make_packed_product)->weights;
}

/// Whether columns are packed block after block, so that some blocks are packed as they would be alone.
static bool is_cut_by_blocks(const dnnl_memory_desc_t *whole, const dnnl_memory_desc_t *block) {
  const dnnl_blocking_desc_t *w = &whole->format_desc.blocking, *o = &block->format_desc.blocking;
  size_t blocks = (size_t)(whole->padded_dims[1] / COLUMN_BLOCK);
  return w->inner_nblks == o->inner_nblks && memcmp(w->inner_blks, o->inner_blks, sizeof w->inner_blks) == 0 &&
         memcmp(w->inner_idxs, o->inner_idxs, sizeof w->inner_idxs) == 0 && w->strides[0] == o->strides[0] &&
         dnnl_memory_desc_get_size(whole) == blocks * dnnl_memory_desc_get_size(block);
}

KernelsPacking kernels_matrix_packing(const KernelsMatrix *b) {
  uint64_t sizes = (uint64_t)b->n << 30 | (uint64_t)b->k;
  uint64_t layout = KERNELS_MATRIX_LAYOUTS | sizes << 2 | (uint64_t)b->transposed << 1 | b->bf16;
  if (gemm_is_ours())
    return (KernelsPacking){layout, gemm_packed_bytes(b->k, b->n, b->bf16),
                            b->n % COLUMN_BLOCK == 0 ? COLUMN_BLOCK : b->n, true};
  const dnnl_memory_desc_t *whole = packed_layout(b, b->n);
  KernelsPacking packing = {layout, (int64_t)dnnl_memory_desc_get_size(whole), b->n,
                            whole->format_desc.blocking.inner_nblks > 0};
  if (b->n % COLUMN_BLOCK == 0 && is_cut_by_blocks(whole, packed_layout(b, COLUMN_BLOCK)))
    packing.columnBlock = COLUMN_BLOCK;
  return packing;
}

static size_t packed_offset(const KernelsMatrix *b, int64_t first) {
  if (gemm_is_ours()) return (size_t)gemm_packed_bytes(b->k, first, b->bf16);
  return first == 0 ? 0 : (size_t)(first / COLUMN_BLOCK) * dnnl_memory_desc_get_size(packed_layout(b, COLUMN_BLOCK));
}

/// oneDNN does not read halves on all CPUs: columns of B as Float32, stored like B itself.
static float *columns_from_halves(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first, int64_t columns) {
  float *floats = malloc((size_t)(b->k * columns) * sizeof(float));
  if (b->transposed) {
    kernels_floats(numbers, first * b->k, columns * b->k, floats);
  } else {
    for (int64_t row = 0; row < b->k; row++)
      kernels_floats(numbers, row * b->n + first, columns, floats + row * columns);
  }
  return floats;
}

/// words: kind, columns, k, row stride of the plain array, transposed, bf16, plain numbers are bf16.
static Prepared *make_packing(const Key *key) {
  const int64_t *w = key->words;
  KernelsMatrix b = {w[1], w[2], w[4], w[5], false};
  dnnl_memory_desc_t plain = matrix(b.k, b.n, w[3], b.transposed, number_type(w[6]));
  return onednn_prepared_copy(&plain, packed_layout(&b, b.n));
}

/// The right side from column `first` on.
static GemmSide columns_of(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first) {
  size_t offset = (size_t)(b->transposed ? first * b->k : first) * (numbers.type == KERNELS_F32 ? 4 : 2);
  return side((const char *)numbers.data + offset, numbers.type, b->transposed ? b->k : b->n, b->transposed);
}

/// A dense or packed left side of our own products: Float32 also where the right one is bfloat16.
static GemmSide rows_of(const KernelsMatrix *b, int64_t rows, const void *a) {
  GemmSide s = side(a, KERNELS_F32, b->k, false);
  if (b->rowsArePacked) s.packedRows = gemm_packed_rows(rows);
  return s;
}

int64_t kernels_rows_packing(int64_t rows, int64_t k) { return gemm_is_ours() ? gemm_packed_rows(rows) * k : 0; }

void kernels_rows_pack(int64_t rows, int64_t k, const float *a, int64_t first, int64_t count, float *packed) {
  gemm_pack_rows(rows, k, side(a, KERNELS_F32, k, false), first, count, packed);
}

void kernels_matrix_pack(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first, int64_t columns, void *packed) {
  if (gemm_is_ours())
    return gemm_pack(b->k, columns, columns_of(b, numbers, first), b->bf16, (char *)packed + packed_offset(b, first));
  bool halves = numbers.type == KERNELS_F16;
  float *floats = halves ? columns_from_halves(b, numbers, first, columns) : NULL;
  int64_t ld = b->transposed ? b->k : halves ? columns : b->n;
  size_t offset = (size_t)(b->transposed ? first * b->k : first) * (numbers.type == KERNELS_F32 ? 4 : 2);
  Key key = {{KIND_PACKING, columns, b->k, ld, b->transposed, b->bf16, numbers.type == KERNELS_BF16}};
  Prepared *p = onednn_find(&key, make_packing);
  onednn_point(p, DNNL_ARG_FROM, halves ? (const void *)floats : (const char *)numbers.data + offset);
  onednn_point(p, DNNL_ARG_TO, (char *)packed + packed_offset(b, first));
  onednn_run(p);
  free(floats);
}

/// A block of C of this thread's own: the fast primitives write dense results only.
static float *dense_block(int64_t count) {
  static _Thread_local float *block;
  static _Thread_local int64_t size;
  if (count > size) {
    free(block);
    block = aligned_alloc(64, (size_t)(count + 15) / 16 * 64);
    size = count;
  }
  return block;
}

/// Runs `product` on dense results, and puts them where they belong: columns of c, whose rows are ldc apart.
static void run_on_columns(Prepared *product, int64_t rows, int64_t columns, const void *a, const void *b,
                           const float *bias, float *c, int64_t ldc) {
  if (ldc == columns) {
    run_product(product, a, b, bias, c);
    return;
  }
  float *dense = dense_block(rows * columns);
  run_product(product, a, b, bias, dense);
  for (int64_t row = 0; row < rows; row++)
    memcpy(c + row * ldc, dense + row * columns, (size_t)columns * sizeof(float));
}

void kernels_matrix_product(const KernelsMatrix *b, int64_t rows, const void *a, const void *packed, int64_t first,
                            int64_t columns, const float *bias, float *c, int64_t ldc) {
  if (rows == 0 || columns == 0) return;
  if (gemm_is_ours())
    return gemm_with_packed(rows, columns, b->k, rows_of(b, rows, a), (const char *)packed + packed_offset(b, first), b->bf16,
                            bias ? bias + first : NULL, false, c + first, ldc);
  Key key = {{KIND_PACKED_MATMUL, rows, columns, b->k, b->bf16, bias != NULL, columns}};
  run_on_columns(onednn_find(&key, make_packed_product), rows, columns, a, (const char *)packed + packed_offset(b, first),
                 bias ? bias + first : NULL, c + first, ldc);
}

void kernels_matmul_packed(int64_t m, const KernelsMatrix *b, const float *a, int64_t lda, bool transposeA,
                           const void *packed, float *c, int64_t ldc) {
  if (m == 0 || b->n == 0) return;
  gemm_with_packed(m, b->n, b->k, side(a, KERNELS_F32, lda, transposeA), packed, b->bf16, NULL, false, c, ldc);
}

void kernels_plain_product(const KernelsMatrix *b, int64_t rows, const void *a, KernelsNumbers plain, int64_t first,
                           int64_t columns, const float *bias, float *c, int64_t ldc) {
  if (rows == 0 || columns == 0) return;
  if (gemm_is_ours())
    return gemm(rows, columns, b->k, rows_of(b, rows, a), columns_of(b, plain, first), bias ? bias + first : NULL, false,
                c + first, ldc);
  int64_t ldb = b->transposed ? b->k : b->n;
  Key key = {{KIND_MATMUL, rows, columns, b->k, b->k, false, ldb, b->transposed, bias != NULL, false, columns, b->bf16}};
  size_t offset = (size_t)(b->transposed ? first * b->k : first) * (b->bf16 ? 2 : 4);
  run_on_columns(onednn_find(&key, make_matmul), rows, columns, a, (const char *)plain.data + offset,
                 bias ? bias + first : NULL, c + first, ldc);
}

void kernels_matrix_accumulate(const KernelsMatrix *b, int64_t rows, const void *a, const void *packed, float *c) {
  if (gemm_is_ours())
    return gemm_with_packed(rows, b->n, b->k, rows_of(b, rows, a), packed, b->bf16, NULL, true, c, b->n);
  Key key = {{KIND_PACKED_MATMUL, rows, b->n, b->k, b->bf16, false, b->n, true}};
  run_product(onednn_find(&key, make_packed_product), a, packed, NULL, c);
}
