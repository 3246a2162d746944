// Matrix products on the calling thread, of plain matrices and with a packed right side: on our own kernels or BLAS, or
// on oneDNN, which also has those in bfloat16. Their gradients are products too: Engine/Ops/Products/Linear.swift.
#include <stdlib.h>

#include "gemm.h"
#include "onednn.h"

/// The kernels of products, of bfloat16 numbers or not; NULL for oneDNN's.
static const OwnKernels *kernels_of(bool bf16) {
  if (kernels_path() == KERNELS_BLAS) return blas_kernels();
  return kernels_multiplies_own(bf16) ? own_kernels() : NULL;
}

int64_t kernels_tile_rows(void) { return own_kernels() ? own_kernels()->tileRows : 16; }

// ---- Primitives of oneDNN ---------------------------------------------------------------------------------------

static dnnl_memory_desc_t matrix(int64_t rows, int64_t columns, int64_t ld, bool transposed, dnnl_data_type_t type) {
  dnnl_memory_desc_t md;
  dnnl_dims_t dims = {rows, columns}, strides = {transposed ? 1 : ld, transposed ? ld : 1};
  CHECK(dnnl_memory_desc_init_by_strides(&md, 2, dims, type, strides));
  return md;
}

static dnnl_data_type_t number_type(bool bf16) { return bf16 ? dnnl_bf16 : dnnl_f32; }

/// The product of a key with these layouts; `b` may leave its layout to the primitive.
static Prepared *prepared_product(const Key *key, const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b) {
  dnnl_memory_desc_t bias = matrix(1, key->n, key->n, false, dnnl_f32);
  dnnl_memory_desc_t c = matrix(key->m, key->n, key->ldc, false, dnnl_f32);
  dnnl_matmul_desc_t desc;
  CHECK(dnnl_matmul_desc_init(&desc, a, b, key->hasBias ? &bias : NULL, &c));
  dnnl_primitive_attr_t attr = onednn_attributes(key->accumulates);
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, onednn_engine, NULL));
  Prepared *p = onednn_prepared(pd);
  p->weights = *onednn_wanted(pd, dnnl_query_weights_md);
  onednn_add_argument(p, DNNL_ARG_SRC, a);
  onednn_add_argument(p, DNNL_ARG_WEIGHTS, &p->weights);
  onednn_add_argument(p, DNNL_ARG_DST, &c);
  if (key->hasBias) onednn_add_argument(p, DNNL_ARG_BIAS, &bias);
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

static Prepared *make_matmul(const Key *key) {
  dnnl_data_type_t type = number_type(key->bf16);
  dnnl_memory_desc_t a = matrix(key->m, key->k, key->lda, key->transposeA, type);
  dnnl_memory_desc_t b = matrix(key->k, key->n, key->ldb, key->transposeB, type);
  return prepared_product(key, &a, &b);
}

// ---- Plain matrices ---------------------------------------------------------------------------------------------

static GemmMatrix stored(const void *numbers, KernelsType type, int64_t ld, bool transposed) {
  return (GemmMatrix){{numbers, type}, transposed ? 1 : ld, transposed ? ld : 1};
}

static Gemm gemm_of(const KernelsProduct *p) {
  GemmMatrix a = stored(p->a, KERNELS_F32, p->lda, p->transposeA), b = stored(p->b, p->bType, p->ldb, p->transposeB);
  return (Gemm){.m = p->m, .n = p->n, .k = p->k, .a = a, .b = b, .bias = p->bias, .accumulate = p->accumulate,
                .c = p->c, .ldc = p->ldc};
}

void kernels_matmul(const KernelsProduct *p) {
  if (p->m == 0 || p->n == 0) return;
  const OwnKernels *own = kernels_of(p->bType == KERNELS_BF16);
  if (own) {
    Gemm g = gemm_of(p);
    return own->multiply(&g);
  }
  Key key = {.kind = MATMUL, .m = p->m, .n = p->n, .k = p->k, .lda = p->lda, .ldb = p->ldb, .ldc = p->ldc,
             .transposeA = p->transposeA, .transposeB = p->transposeB, .bf16 = p->bType == KERNELS_BF16,
             .hasBias = p->bias != NULL, .accumulates = p->accumulate};
  run_product(onednn_find(&key, make_matmul), p->a, p->b, p->bias, p->c);
}

void kernels_own_matmul(KernelsPath path, const KernelsProduct *p, bool packsA, bool packsB) {
  const OwnKernels *own = own_kernels_of(path);
  Gemm g = gemm_of(p);
  g.packedBF16 = p->bType == KERNELS_BF16;
  float *a = packsA ? checked(malloc((size_t)own->packedASize(p->m, p->k) * sizeof(float))) : NULL;
  void *b = packsB ? checked(malloc((size_t)own->packedBBytes(p->k, p->n, g.packedBF16))) : NULL;
  if (packsA) own->packA(p->m, p->k, &g.a, 0, p->m, a);
  if (packsB) own->packB(p->k, p->n, &g.b, g.packedBF16, b);
  g.packedA = a, g.packedB = b;
  own->multiply(&g);
  free(a);
  free(b);
}

// ---- A packed right side ----------------------------------------------------------------------------------------

enum { COLUMN_BLOCK = 64, USUAL_ROWS = 64 };

/// The product of some rows with `columns` columns of B packed, c dense but for `ldc`.
static Key packed_key(const KernelsMatrix *b, int64_t rows, int64_t columns, bool hasBias, bool accumulates) {
  return (Key){.kind = PACKED_MATMUL, .m = rows, .n = columns, .k = b->k, .ldc = columns, .bf16 = b->bf16,
               .hasBias = hasBias, .accumulates = accumulates};
}

/// The layout is the one for USUAL_ROWS, whatever the rows, since one packing serves them all.
static Prepared *make_packed_product(const Key *key) {
  dnnl_data_type_t type = number_type(key->bf16);
  dnnl_dims_t dims = {key->k, key->n};
  dnnl_memory_desc_t b, a = matrix(key->m, key->k, key->k, false, type);
  CHECK(dnnl_memory_desc_init_by_tag(&b, 2, dims, type, dnnl_format_tag_any));
  if (key->m != USUAL_ROWS) {
    KernelsMatrix whole = {.n = key->n, .k = key->k, .bf16 = key->bf16};
    Key usual = packed_key(&whole, USUAL_ROWS, key->n, true, false);
    b = onednn_find(&usual, make_packed_product)->weights;
  }
  return prepared_product(key, &a, &b);
}

static const dnnl_memory_desc_t *packed_layout(const KernelsMatrix *b, int64_t columns) {
  Key key = packed_key(b, USUAL_ROWS, columns, true, false);
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
  const OwnKernels *own = kernels_of(b->bf16);
  // BLAS packs for itself at every call.
  if (own)
    return (KernelsPacking){own->packedBBytes(b->k, b->n, b->bf16), b->n % COLUMN_BLOCK == 0 ? COLUMN_BLOCK : b->n,
                            own->packA != NULL};
  const dnnl_memory_desc_t *whole = packed_layout(b, b->n);
  bool isCut = b->n % COLUMN_BLOCK == 0 && is_cut_by_blocks(whole, packed_layout(b, COLUMN_BLOCK));
  return (KernelsPacking){(int64_t)dnnl_memory_desc_get_size(whole), isCut ? COLUMN_BLOCK : b->n,
                          whole->format_desc.blocking.inner_nblks > 0};
}

static size_t packed_offset(const KernelsMatrix *b, int64_t first) {
  const OwnKernels *own = kernels_of(b->bf16);
  if (own) return (size_t)own->packedBBytes(b->k, first, b->bf16);
  return first == 0 ? 0 : (size_t)(first / COLUMN_BLOCK) * dnnl_memory_desc_get_size(packed_layout(b, COLUMN_BLOCK));
}

/// oneDNN does not read fp16 on all CPUs: columns of B as Float32, stored like B itself.
static float *columns_from_fp16(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first, int64_t columns) {
  float *floats = checked(malloc((size_t)(b->k * columns) * sizeof(float)));
  if (b->transposed) {
    kernels_floats(numbers, first * b->k, columns * b->k, floats);
  } else {
    for (int64_t row = 0; row < b->k; row++)
      kernels_floats(numbers, row * b->n + first, columns, floats + row * columns);
  }
  return floats;
}

static Prepared *make_packing(const Key *key) {
  KernelsMatrix b = {.n = key->n, .k = key->k, .transposed = key->transposeB, .bf16 = key->bf16};
  dnnl_memory_desc_t plain = matrix(b.k, b.n, key->ldb, b.transposed, number_type(key->storedBF16));
  return onednn_prepared_copy(&plain, packed_layout(&b, b.n));
}

/// The numbers of B from column `first` on.
static const void *columns_of(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first) {
  return (const char *)numbers.data + (b->transposed ? first * b->k : first) * (numbers.type == KERNELS_F32 ? 4 : 2);
}

static int64_t leading_dimension(const KernelsMatrix *b) { return b->transposed ? b->k : b->n; }

static GemmMatrix gemm_columns(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first) {
  return stored(columns_of(b, numbers, first), numbers.type, leading_dimension(b), b->transposed);
}

/// Our own product of rows with some columns of B, whose sides are left to be set: Float32 rows also where B is
/// bfloat16.
static Gemm gemm_of_rows(const KernelsMatrix *b, const KernelsRows *a, int64_t columns, float *c, int64_t ldc) {
  Gemm g = {.m = a->count, .n = columns, .k = b->k, .packedBF16 = b->bf16, .c = c, .ldc = ldc};
  if (a->packed)
    g.packedA = a->numbers;
  else
    g.a = stored(a->numbers, KERNELS_F32, a->stride ? a->stride : b->k, a->stride != 0);
  return g;
}

int64_t kernels_rows_packing(int64_t rows, int64_t k) { return own_kernels() ? own_kernels()->packedASize(rows, k) : 0; }

void kernels_rows_pack(int64_t rows, int64_t k, const float *a, int64_t first, int64_t count, float *packed) {
  GemmMatrix dense = stored(a, KERNELS_F32, k, false);
  own_kernels()->packA(rows, k, &dense, first, count, packed);
}

void kernels_matrix_pack(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first, int64_t columns, void *packed) {
  void *to = (char *)packed + packed_offset(b, first);
  const OwnKernels *own = kernels_of(b->bf16);
  if (own) {
    GemmMatrix some = gemm_columns(b, numbers, first);
    return own->packB(b->k, columns, &some, b->bf16, to);
  }
  bool isFP16 = numbers.type == KERNELS_F16;
  float *floats = isFP16 ? columns_from_fp16(b, numbers, first, columns) : NULL;
  Key key = {.kind = PACKING, .n = columns, .k = b->k, .ldb = isFP16 && !b->transposed ? columns : leading_dimension(b),
             .transposeB = b->transposed, .bf16 = b->bf16, .storedBF16 = numbers.type == KERNELS_BF16};
  Prepared *p = onednn_find(&key, make_packing);
  onednn_point(p, DNNL_ARG_FROM, isFP16 ? floats : columns_of(b, numbers, first));
  onednn_point(p, DNNL_ARG_TO, to);
  onednn_run(p);
  free(floats);
}

/// A block of C of this thread's own: the fast primitives write dense results only.
static float *dense_block(int64_t count) {
  static _Thread_local float *block;
  static _Thread_local int64_t size;
  if (count > size) {
    free(block);
    block = checked(aligned_alloc(64, (size_t)(count + 15) / 16 * 64));
    size = count;
  }
  return block;
}

/// Runs a product on dense results, and puts them where they belong: columns of c, whose rows are ldc apart.
static void run_on_columns(Prepared *product, const Key *key, const void *a, const void *b, const float *bias, float *c,
                           int64_t ldc) {
  if (ldc == key->n) return run_product(product, a, b, bias, c);
  float *dense = dense_block(key->m * key->n);
  run_product(product, a, b, bias, dense);
  for (int64_t row = 0; row < key->m; row++)
    memcpy(c + row * ldc, dense + row * key->n, (size_t)key->n * sizeof(float));
}

void kernels_matrix_product(const KernelsMatrix *b, const KernelsRows *a, const void *packed, int64_t first,
                            int64_t columns, const float *bias, float *c, int64_t ldc) {
  if (a->count == 0 || columns == 0) return;
  const void *some = (const char *)packed + packed_offset(b, first);
  if (bias) bias += first;
  const OwnKernels *own = kernels_of(b->bf16);
  if (own) {
    Gemm g = gemm_of_rows(b, a, columns, c + first, ldc);
    g.packedB = some, g.bias = bias;
    return own->multiply(&g);
  }
  Key key = packed_key(b, a->count, columns, bias != NULL, false);
  run_on_columns(onednn_find(&key, make_packed_product), &key, a->numbers, some, bias, c + first, ldc);
}

void kernels_plain_product(const KernelsMatrix *b, const KernelsRows *a, KernelsNumbers plain, int64_t first,
                           int64_t columns, const float *bias, float *c, int64_t ldc) {
  if (a->count == 0 || columns == 0) return;
  if (bias) bias += first;
  const OwnKernels *own = kernels_of(b->bf16);
  if (own) {
    Gemm g = gemm_of_rows(b, a, columns, c + first, ldc);
    g.b = gemm_columns(b, plain, first), g.bias = bias;
    return own->multiply(&g);
  }
  Key key = {.kind = MATMUL, .m = a->count, .n = columns, .k = b->k, .lda = b->k, .ldb = leading_dimension(b),
             .ldc = columns, .transposeB = b->transposed, .bf16 = b->bf16, .hasBias = bias != NULL};
  run_on_columns(onednn_find(&key, make_matmul), &key, a->numbers, columns_of(b, plain, first), bias, c + first, ldc);
}

void kernels_matrix_accumulate(const KernelsMatrix *b, const KernelsRows *a, const void *packed, float *c) {
  const OwnKernels *own = kernels_of(b->bf16);
  if (own) {
    Gemm g = gemm_of_rows(b, a, b->n, c, b->n);
    g.packedB = packed, g.accumulate = true;
    return own->multiply(&g);
  }
  Key key = packed_key(b, a->count, b->n, false, true);
  run_product(onednn_find(&key, make_packed_product), a->numbers, packed, NULL, c);
}
