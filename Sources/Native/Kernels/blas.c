// Products on OpenBLAS, opened when it is first asked for: a plain build does without. Always on the calling thread.
#include <dlfcn.h>

#include "gemm.h"
#include "vector.h"

// The CBLAS names and numbers of these (https://www.netlib.org/blas/, cblas.h).
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };
typedef void (*SGEMM)(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, const float *a,
                      int lda, const float *b, int ldb, float beta, float *c, int ldc);

static SGEMM sgemm;

/// How a matrix is stored: BLAS knows rows next to each other, or columns.
static int transposition(const GemmMatrix *m) { return m->columnStride == 1 ? NO_TRANSPOSE : TRANSPOSE; }

static int leading(const GemmMatrix *m, int64_t rows, int64_t columns) {
  bool isPlain = m->columnStride == 1;
  return (int)larger(isPlain ? m->rowStride : m->columnStride, isPlain ? columns : rows);
}

static void multiply(const Gemm *g) {
  bool adds = g->accumulate || g->bias;
  for (int64_t row = 0; g->bias && row < g->m; row++)
    memcpy(g->c + row * g->ldc, g->bias, (size_t)g->n * sizeof(float));
  // Packed, B lies column after column.
  GemmMatrix packed = {{g->packedB, KERNELS_F32}, 1, g->k};
  const GemmMatrix *b = g->packedB ? &packed : &g->b;
  sgemm(ROW_MAJOR, transposition(&g->a), transposition(b), (int)g->m, (int)g->n, (int)g->k, 1, g->a.numbers.data,
        leading(&g->a, g->m, g->k), b->numbers.data, leading(b, g->k, g->n), adds ? 1 : 0, g->c, (int)g->ldc);
}

static int64_t packed_b_bytes(int64_t k, int64_t n, bool bf16) { return k * n * (int64_t)sizeof(float); }

static void pack_b(int64_t k, int64_t n, const GemmMatrix *b, bool bf16, void *packed) {
  float *to = packed;
  for (int64_t column = 0; column < n; column++) {
    int64_t at = column * b->columnStride;
    // As weights are stored, a column of B lies together.
    if (b->rowStride == 1)
      kernels_floats(b->numbers, at, k, to + column * k);
    else
      for (int64_t i = 0; i < k; i++) kernels_floats(b->numbers, at + i * b->rowStride, 1, to + column * k + i);
  }
}

static const OwnKernels table = {.tileRows = 16, .multiply = multiply, .packedBBytes = packed_b_bytes, .packB = pack_b};

const OwnKernels *blas_kernels(void) {
  static _Atomic int state;  // 1: there is none, 2: it is open
  if (!state) {
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    void (*setThreads)(int) = library ? (void (*)(int))dlsym(library, "openblas_set_num_threads") : NULL;
    SGEMM found = library ? (SGEMM)dlsym(library, "cblas_sgemm") : NULL;
    if (found && setThreads) setThreads(1), sgemm = found;
    state = found && setThreads ? 2 : 1;
  }
  return state == 2 ? &table : NULL;
}
