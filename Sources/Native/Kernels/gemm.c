// Float32 products on the calling thread, in blocks that fit the caches (Goto and van de Geijn 2008, “Anatomy of
// High-Performance Matrix Multiplication”; Van Zee and van de Geijn 2015, BLIS): a block of A stays in the L2 cache
// while the B-panels pass by, each in the L1 cache.
#include <sys/mman.h>

#include "gemm_packing.h"

enum {
  MC = 48 * MR,     // rows of a block of A at most, 360 KiB: most of the L2 cache
  SEGMENT = 32,     // of k, between two prefetches
  FEW_ROWS = 48     // short B-panels are prefetched for no more rows than these
};

bool gemm_can_run(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
#else
  return false;
#endif
}

bool gemm_is_fastest(void) {
#if defined(__x86_64__)
  return gemm_can_run() && !__builtin_cpu_supports("avx512f");
#else
  return false;
#endif
}

/// Memory of this thread for a panel of B and a block of A: a page of 2 MiB where there is one, or tiles wait for
/// pages.
typedef struct {
  float *panel, *rows;
} Blocks;

static Blocks blocks(void) {
  static _Thread_local float *memory;
  enum { PANEL_FLOATS = KC * NR, BYTES = 2 << 20 };
  _Static_assert((PANEL_FLOATS + MC * KC) * sizeof(float) <= BYTES, "both blocks in one page");
  if (!memory) {
    memory = checked(aligned_alloc(BYTES, BYTES));
#ifdef MADV_HUGEPAGE
    madvise(memory, BYTES, MADV_HUGEPAGE);
#endif
  }
  return (Blocks){memory, memory + PANEL_FLOATS};
}

/// Whether A is best read where it lies. Rows that lie a multiple of a KiB apart share their places in the caches,
/// unless they leave nothing between them; for few columns a copy costs more than that.
static bool reads_well(const Gemm *g) {
  if (g->packedA || g->a.numbers.type != KERNELS_F32 || g->a.columnStride != 1) return false;
  return g->a.rowStride % 256 != 0 || g->a.rowStride <= KC || g->n <= 256;
}

/// Rows `row` ..< row + rows of A and k from `first` on, packed into `to` unless they are read where they are.
static ARows rows_of_a(const Gemm *g, int64_t row, int64_t rows, int64_t first, int64_t count, float *to) {
  if (reads_well(g)) {
    const float *start = (const float *)g->a.numbers.data + row * g->a.rowStride + first;
    return (ARows){.layout = IN_PLACE, .numbers = start, .rowStride = g->a.rowStride};
  }
  const float *packed = to;
  if (g->packedA)
    packed = g->packedA + gemm_packed_a_size(g->m, first) + row * count;
  else
    pack_a_panels(&g->a, row, rows, first, count, to);
  return (ARows){.layout = PACKED, .numbers = packed, .tileStride = MR * count};
}

static const float *panel_of_b(const Gemm *g, int64_t first, int64_t count, int64_t column, float *to) {
  int64_t at = column * g->k + first * NR;
  if (!g->packedB)
    pack_b_panel(&g->b, first, count, column, smaller(NR, g->n - column), to);
  else if (g->packedBF16)
    kernels_float_from_bf16(count * NR, (const uint16_t *)g->packedB + at, to);
  return g->packedB && !g->packedBF16 ? (const float *)g->packedB + at : to;
}

/// Where the panel at (first, column) lies, if it is worth a prefetch: short ones are for few rows, which take no
/// longer than it takes to come.
static Prefetch next_panel(const Gemm *g, int64_t first, int64_t count, int64_t column, int64_t rows) {
  if (count < SEGMENT || (count < 128 && rows > FEW_ROWS)) return (Prefetch){0};
  const GemmMatrix *b = &g->b;
  if (g->packedB) {
    int64_t size = g->packedBF16 ? 2 : 4;
    const char *start = (const char *)g->packedB + (column * g->k + first * NR) * size;
    return (Prefetch){.start = start, .stride = 64, .jump = 64 * NR, .lines = count * NR * size / 64};
  }
  int64_t size = b->numbers.type == KERNELS_F32 ? 4 : 2, line = 64 / size;
  const char *start = (const char *)b->numbers.data + (first * b->rowStride + column * b->columnStride) * size;
  if (b->columnStride == 1) {
    int64_t stride = b->rowStride * size;
    return (Prefetch){.start = start, .stride = stride, .jump = stride * NR, .lines = count};
  }
  int64_t lines = (count + line - 1) / line * NR;
  return (Prefetch){.start = start, .stride = b->columnStride * size, .jump = 64, .lines = lines};
}

/// All of c's columns for a block of A.
static void multiply_block(const Gemm *g, ARows a, int64_t row, int64_t rows, int64_t first, int64_t count,
                           int64_t inner, float *memory) {
  for (int64_t column = 0; column < g->n; column += NR) {
    float *c = g->c + row * g->ldc + column;
    bool adds = g->accumulate || first > 0, isLast = column + NR >= g->n;
    Addend add = adds ? (Addend){c, g->ldc} : (Addend){g->bias ? g->bias + column : NULL, 0};
    BPanel b = {.k = count};
    b.after = isLast ? next_panel(g, first + count, smaller(inner, g->k - first - count), 0, rows)
                     : next_panel(g, first, count, column + NR, rows);
    b.run = b.after.lines ? SEGMENT : count;
    b.numbers = panel_of_b(g, first, count, column, memory);
    multiply_panel(a, rows, smaller(NR, g->n - column), &b, add, c, g->ldc);
  }
}

void gemm(const Gemm *g) {
  Blocks memory = blocks();
  int64_t blockRows = equal_blocks(g->m, MC, MR), inner = equal_inner(g->k);
  for (int64_t row = 0; row < g->m; row += blockRows) {
    int64_t rows = smaller(blockRows, g->m - row);
    for (int64_t first = 0; first < g->k || first == 0; first += inner) {
      int64_t count = smaller(inner, g->k - first);
      ARows a = rows_of_a(g, row, rows, first, count, memory.rows);
      multiply_block(g, a, row, rows, first, count, inner, memory.panel);
    }
  }
}
