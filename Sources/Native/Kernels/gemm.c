// Float32 products on AVX2, on the calling thread: tiles of 6×16 sums in registers over blocks that fit the caches (Goto
// and van de Geijn 2008, “Anatomy of High-Performance Matrix Multiplication”; Van Zee and van de Geijn 2015, BLIS).
//
// A sum over k is taken in the same order whatever the rows and columns around it, so that pieces of a product have the
// bits of the whole.
#include "gemm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#include <immintrin.h>

bool gemm_can_run(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool gemm_is_ours(void) {
  static _Atomic int answer;  // 1 no, 2 yes
  if (!answer) answer = gemm_can_run() && !__builtin_cpu_supports("avx512f") ? 2 : 1;
  return answer == 2;
}

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define INLINE static inline __attribute__((always_inline))

enum {
  PANEL = GEMM_PANEL,
  ROWS = GEMM_ROWS,       // of a tile
  INNER = GEMM_INNER,
  BLOCK_ROWS = 48 * ROWS,  // of a block of A at most, 360 KiB: most of the L2 cache
  SEGMENT = 32,            // of a tile's k, between two calls for what is multiplied next
  FEW_ROWS = 48            // a short panel that so many meet is waited for
};

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// ---- One tile ---------------------------------------------------------------------------------------------------

/// Lines of the caches that are called from far away while tiles are multiplied: sixteen lie `step` bytes apart, the next
/// sixteen `jump` from those. A few at a time, since all of a tile's at once would fill the queue to the memory and hold
/// the products up.
typedef struct {
  const char *start;
  int64_t step, jump, count;
  int64_t next, atOnce;
} Ahead;

INLINE void fetch(Ahead *ahead) {
  int64_t end = smaller(ahead->next + ahead->atOnce, ahead->count);
  for (int64_t i = ahead->next; i < end; i++)
    __builtin_prefetch(ahead->start + i % PANEL * ahead->step + i / PANEL * ahead->jump, 0, 2);
  ahead->next = end;
}

/// Sixteen columns of B as tiles read them, and the lines of what is read after them, called once a segment of k.
typedef struct {
  const float *numbers;
  Ahead after;
  int64_t segment;
} Panel;

/// What is added to the sums of a tile: what c holds, else a bias, else nothing.
typedef struct {
  const float *bias;
  bool adds;
} Start;

/// c (rows×16) = start + Σ over k of a[row·rowStep + k·step] · b[k·16 …].
INLINE void tile(int rows, int step, int64_t k, const float *a, int64_t rowStep, Panel *panel, Start start, float *c,
                 int64_t ldc) {
  __m256 low[ROWS], high[ROWS];
  for (int r = 0; r < rows; r++) {
    low[r] = high[r] = _mm256_setzero_ps();
    // c is wanted at the end, and is far away; most often it is one line.
    __builtin_prefetch(c + r * ldc, 1);
  }
  const float *far = a + 3 * rowStep, *b = panel->numbers;
  for (int64_t first = 0; first < k; first += panel->segment) {
    fetch(&panel->after);
    int64_t count = smaller(panel->segment, k - first);
#pragma clang loop unroll_count(4)
    for (int64_t i = 0; i < count; i++, a += step, far += step, b += PANEL) {
      __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
      for (int r = 0; r < rows; r++) {
        __m256 x = _mm256_broadcast_ss(r < 3 ? a + r * rowStep : far + (r - 3) * rowStep);
        low[r] = _mm256_fmadd_ps(x, b0, low[r]);
        high[r] = _mm256_fmadd_ps(x, b1, high[r]);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    const float *more = start.adds ? c + r * ldc : start.bias;
    if (more) {
      low[r] = _mm256_add_ps(low[r], _mm256_loadu_ps(more));
      high[r] = _mm256_add_ps(high[r], _mm256_loadu_ps(more + 8));
    }
    _mm256_storeu_ps(c + r * ldc, low[r]);
    _mm256_storeu_ps(c + r * ldc + 8, high[r]);
  }
}

/// Rows in place are read one k after the other, copied ones six k apart.
INLINE void tile_of(int step, int64_t rows, int64_t k, const float *a, int64_t rowStep, Panel *b, Start start, float *c,
                    int64_t ldc) {
  switch (rows) {
    case 6: tile(6, step, k, a, rowStep, b, start, c, ldc); break;
    case 5: tile(5, step, k, a, rowStep, b, start, c, ldc); break;
    case 4: tile(4, step, k, a, rowStep, b, start, c, ldc); break;
    case 3: tile(3, step, k, a, rowStep, b, start, c, ldc); break;
    case 2: tile(2, step, k, a, rowStep, b, start, c, ldc); break;
    case 1: tile(1, step, k, a, rowStep, b, start, c, ldc); break;
  }
}

static void tile_in_place(int64_t rows, int64_t k, const float *a, int64_t rowStep, Panel *b, Start start, float *c,
                          int64_t ldc) {
  tile_of(1, rows, k, a, rowStep, b, start, c, ldc);
}

static void tile_of_copy(int64_t rows, int64_t k, const float *a, Panel *b, Start start, float *c, int64_t ldc) {
  tile_of(ROWS, rows, k, a, 1, b, start, c, ldc);
}

/// Rows of A as tiles read them: in place, rowStep apart, or copied in groups of six, groupStep apart.
typedef struct {
  const float *start;
  int64_t rowStep;
  bool isCopy;
  int64_t groupStep;
} Left;

INLINE void whole_tile(const Left *a, const float *group, int64_t rows, int64_t k, Panel *b, Start start, float *c,
                       int64_t ldc) {
  if (a->isCopy)
    tile_of_copy(rows, k, group, b, start, c, ldc);
  else
    tile_in_place(rows, k, group, a->rowStep, b, start, c, ldc);
}

/// The same for the last columns, fewer than 16: in a tile of its own, since c has no room for more.
static void narrow_tile(const Left *a, const float *group, int64_t rows, int64_t columns, int64_t k, Panel *b,
                        Start start, float *c, int64_t ldc) {
  float sums[ROWS * PANEL] = {0}, bias[PANEL] = {0};
  size_t bytes = (size_t)columns * sizeof(float);
  if (start.adds)
    for (int64_t r = 0; r < rows; r++) memcpy(sums + r * PANEL, c + r * ldc, bytes);
  else if (start.bias)
    memcpy(bias, start.bias, bytes), start.bias = bias;
  whole_tile(a, group, rows, k, b, start, sums, PANEL);
  for (int64_t r = 0; r < rows; r++) memcpy(c + r * ldc, sums + r * PANEL, bytes);
}

// ---- Numbers to where a tile reads them -------------------------------------------------------------------------

INLINE __m256 widened(const uint16_t *x) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)x)), 16));
}

INLINE float number(GemmSide s, int64_t at) {
  float x;
  if (s.numbers.type == KERNELS_F32)
    memcpy(&x, (const char *)s.numbers.data + 4 * at, 4);
  else
    kernels_floats(s.numbers, at, 1, &x);
  return x;
}

INLINE __m256 eight(GemmSide s, int64_t at) {
  if (s.numbers.type == KERNELS_F32) return _mm256_loadu_ps((const float *)s.numbers.data + at);
  if (s.numbers.type == KERNELS_BF16) return widened((const uint16_t *)s.numbers.data + at);
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)((const uint16_t *)s.numbers.data + at)));
}

INLINE void transpose8(__m256 r[8]) {
  __m256 t[8], u[8];
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (int h = 0; h < 8; h += 4)
    for (int i = 0; i < 2; i++) {
      u[h + 2 * i] = _mm256_shuffle_ps(t[h + i], t[h + i + 2], 0x44);
      u[h + 2 * i + 1] = _mm256_shuffle_ps(t[h + i], t[h + i + 2], 0xEE);
    }
  for (int i = 0; i < 4; i++) {
    r[i] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
    r[i + 4] = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
  }
}

/// to[k·width + lane] = s at (lane, k) for `lanes` ≤ width lanes and `count` k: what lies along k turns to lie across.
/// Lanes beyond `lanes` hold anything.
INLINE void turn(GemmSide s, int64_t at, int64_t laneStep, int64_t lanes, int64_t count, int64_t width, float *to) {
  int64_t k = 0;
  for (; k + 8 <= count; k += 8)
    for (int64_t first = 0; first < lanes; first += 8) {
      __m256 r[8];
      for (int64_t i = 0; i < 8; i++)
        r[i] = first + i < lanes ? eight(s, at + (first + i) * laneStep + k) : _mm256_setzero_ps();
      transpose8(r);
      // What a vector writes beyond its lanes the next one overwrites, but nothing may be written beyond the last.
      bool isLast = width < 8 && k + 8 == count;
      for (int64_t i = 0; i < (isLast ? 7 : 8); i++) _mm256_storeu_ps(to + (k + i) * width + first, r[i]);
      if (isLast) memcpy(to + (k + 7) * width, &r[7], (size_t)width * sizeof(float));
    }
  for (; k < count; k++)
    for (int64_t l = 0; l < lanes; l++) to[k * width + l] = number(s, at + l * laneStep + k);
}

/// The same where lanes lie next to each other.
INLINE void copy(GemmSide s, int64_t at, int64_t step, int64_t lanes, int64_t count, int64_t width, float *to) {
  for (int64_t k = 0; k < count; k++)
    if (lanes == width && s.numbers.type == KERNELS_F32)
      memcpy(to + k * width, (const float *)s.numbers.data + at + k * step, (size_t)width * sizeof(float));
    else
      for (int64_t l = 0; l < lanes; l++) to[k * width + l] = number(s, at + k * step + l);
}

INLINE void copy_whole(GemmSide s, int64_t at, int64_t step, int64_t count, float *to) {
  for (int64_t k = 0; k < count; k++, to += PANEL) {
    _mm256_storeu_ps(to, eight(s, at + k * step));
    _mm256_storeu_ps(to + 8, eight(s, at + k * step + 8));
  }
}

/// A panel (count×16) of the right side from column `column` and row `first` on, zeros beyond its `columns` columns.
static void read_panel(GemmSide b, int64_t first, int64_t count, int64_t column, int64_t columns, float *to) {
  int64_t at = first * b.rowStep + column * b.columnStep;
  bool isWhole = columns == PANEL;
  if (!isWhole) memset(to, 0, (size_t)(count * PANEL) * sizeof(float));
  if (b.columnStep == 1 && isWhole) {
    copy_whole(b, at, b.rowStep, count, to);
  } else if (b.columnStep == 1) {
    copy(b, at, b.rowStep, columns, count, PANEL, to);
  } else if (isWhole) {
    turn(b, at, b.columnStep, PANEL, count, PANEL, to);
  } else {
    for (int64_t l = 0; l < columns; l++)
      for (int64_t k = 0; k < count; k++) to[k * PANEL + l] = number(b, at + l * b.columnStep + k);
  }
}

/// A block of the left side as groups of six rows, each count×6.
static void read_rows(GemmSide a, int64_t row, int64_t rows, int64_t first, int64_t count, float *to) {
  for (int64_t r = 0; r < rows; r += ROWS, to += ROWS * count) {
    int64_t lanes = smaller(ROWS, rows - r), at = (row + r) * a.rowStep + first * a.columnStep;
    if (a.columnStep == 1)
      turn(a, at, a.rowStep, lanes, count, ROWS, to);
    else
      copy(a, at, a.columnStep, lanes, count, ROWS, to);
  }
}

// ---- Blocks -----------------------------------------------------------------------------------------------------

/// Memory of this thread for one block of each side: a page of 2 MiB where there is one, or tiles wait for pages.
typedef struct {
  float *panel, *rows;
} Blocks;

static Blocks blocks(void) {
  static _Thread_local float *memory;
  enum { PANEL_FLOATS = INNER * PANEL, BYTES = 2 << 20 };
  _Static_assert((PANEL_FLOATS + BLOCK_ROWS * INNER) * sizeof(float) <= BYTES, "both blocks in one page");
  if (!memory) {
    memory = aligned_alloc(BYTES, BYTES);
    if (!memory) abort();
#ifdef MADV_HUGEPAGE
    madvise(memory, BYTES, MADV_HUGEPAGE);
#endif
  }
  return (Blocks){memory, memory + PANEL_FLOATS};
}

/// Whether a is best read where it lies. Rows that lie a multiple of a KiB apart share their places in the caches, unless
/// they leave nothing between them; for few columns a copy costs more than that.
static bool reads_well(GemmSide a, int64_t columns) {
  if (a.numbers.type != KERNELS_F32 || a.columnStep != 1) return false;
  return a.rowStep % 256 != 0 || a.rowStep <= INNER || columns <= 256;
}

static Left left_block(GemmSide a, int64_t row, int64_t rows, int64_t first, int64_t count, bool inPlace, float *to) {
  if (a.packedRows)
    return (Left){(const float *)a.numbers.data + first * a.packedRows + row * count, 1, true, ROWS * count};
  if (inPlace)
    return (Left){(const float *)a.numbers.data + row * a.rowStep + first, a.rowStep, false, 0};
  read_rows(a, row, rows, first, count, to);
  return (Left){to, 1, true, ROWS * count};
}

/// While it multiplies, the next panel comes closer: far away, it would be waited for at each of its lines.
static void multiply_panel(const Left *a, int64_t rows, int64_t columns, int64_t k, Panel *b, Start start, float *c,
                           int64_t ldc) {
  GemmShare share = gemm_share(rows);
  // What was copied stands in groups of six.
  if (a->isCopy) share.rows = ROWS, share.longer = 0;
  b->segment = k;
  if (b->after.count) {
    b->segment = SEGMENT;
    int64_t segments = share.tiles * ((k + SEGMENT - 1) / SEGMENT);
    b->after.atOnce = (b->after.count + segments - 1) / segments;
  }
  const float *group = a->start;
  for (int64_t t = 0, r = 0; t < share.tiles; t++) {
    int64_t lanes = smaller(share.rows + (t < share.longer), rows - r);
    if (columns == PANEL)
      whole_tile(a, group, lanes, k, b, start, c + r * ldc, ldc);
    else
      narrow_tile(a, group, lanes, columns, k, b, start, c + r * ldc, ldc);
    r += lanes;
    group += a->isCopy ? a->groupStep : lanes * a->rowStep;
  }
}

/// The right side: stored, or packed in panels.
typedef struct {
  GemmSide stored;
  const void *packed;
  bool bf16;
} Right;

static const float *right_panel(const Right *b, int64_t k, int64_t first, int64_t count, int64_t column,
                                int64_t columns, float *to) {
  if (!b->packed) {
    read_panel(b->stored, first, count, column, columns, to);
    return to;
  }
  int64_t at = column * k + first * PANEL;
  if (!b->bf16) return (const float *)b->packed + at;
  const uint16_t *halves = (const uint16_t *)b->packed + at;
  for (int64_t i = 0; i < count * PANEL; i += 8) _mm256_storeu_ps(to + i, widened(halves + i));
  return to;
}

/// Where the panel at (first, column) lies, if it is worth calling: short ones are for few rows, which take no longer than
/// it takes to come.
static Ahead panel_ahead(const Right *b, int64_t k, int64_t first, int64_t count, int64_t column, int64_t rows) {
  if (count < SEGMENT || (count < 128 && rows > FEW_ROWS)) return (Ahead){0};
  GemmSide s = b->stored;
  int64_t size = b->packed ? (b->bf16 ? 2 : 4) : (s.numbers.type == KERNELS_F32 ? 4 : 2), line = 64 / size;
  if (b->packed) {
    const char *start = (const char *)b->packed + (column * k + first * PANEL) * size;
    return (Ahead){start, 64, 64 * PANEL, count * PANEL / line, 0, 0};
  }
  const char *start = (const char *)s.numbers.data + (first * s.rowStep + column * s.columnStep) * size;
  if (s.columnStep == 1) return (Ahead){start, s.rowStep * size, s.rowStep * size * PANEL, count, 0, 0};
  return (Ahead){start, s.columnStep * size, 64, (count + line - 1) / line * PANEL, 0, 0};
}

/// Blocks of equal size, lest the last one reads all of B for a few rows.
static int64_t equal_blocks(int64_t m) {
  int64_t count = (m + BLOCK_ROWS - 1) / BLOCK_ROWS;
  return ((m + count - 1) / count + ROWS - 1) / ROWS * ROWS;
}

/// The same along k, where each block reads and writes all of c.
static int64_t equal_inner(int64_t k) {
  int64_t count = (k + INNER - 1) / INNER;
  return count > 1 ? (k + count - 1) / count : INNER;
}

static void multiply(int64_t m, int64_t n, int64_t k, GemmSide a, const Right *b, const float *bias, bool accumulate,
                     float *c, int64_t ldc) {
  Blocks memory = blocks();
  bool inPlace = !a.packedRows && reads_well(a, n);
  int64_t blockRows = equal_blocks(m), inner = equal_inner(k);
  for (int64_t row = 0; row < m; row += blockRows) {
    int64_t rows = smaller(blockRows, m - row);
    for (int64_t first = 0; first < k || first == 0; first += inner) {
      int64_t count = smaller(inner, k - first);
      Left left = left_block(a, row, rows, first, count, inPlace, memory.rows);
      for (int64_t column = 0; column < n; column += PANEL) {
        int64_t columns = smaller(PANEL, n - column);
        Start start = {bias ? bias + column : NULL, accumulate || first > 0};
        bool isLast = column + PANEL >= n;
        Ahead after = isLast ? panel_ahead(b, k, first + count, smaller(inner, k - first - count), 0, rows)
                             : panel_ahead(b, k, first, count, column + PANEL, rows);
        Panel panel = {right_panel(b, k, first, count, column, columns, memory.panel), after, 0};
        multiply_panel(&left, rows, columns, count, &panel, start, c + row * ldc + column, ldc);
      }
    }
  }
}

void gemm(int64_t m, int64_t n, int64_t k, GemmSide a, GemmSide b, const float *bias, bool accumulate, float *c,
          int64_t ldc) {
  Right right = {b, NULL, false};
  multiply(m, n, k, a, &right, bias, accumulate, c, ldc);
}

void gemm_with_packed(int64_t m, int64_t n, int64_t k, GemmSide a, const void *packed, bool bf16, const float *bias,
                      bool accumulate, float *c, int64_t ldc) {
  Right right = {{{NULL, KERNELS_F32}, 0, 0, 0}, packed, bf16};
  multiply(m, n, k, a, &right, bias, accumulate, c, ldc);
}

int64_t gemm_packed_rows(int64_t m) { return (m + ROWS - 1) / ROWS * ROWS; }

void gemm_pack_rows(int64_t m, int64_t k, GemmSide a, int64_t row, int64_t rows, float *packed) {
  int64_t inner = equal_inner(k), padded = gemm_packed_rows(m);
  for (int64_t first = 0; first < k; first += inner) {
    int64_t count = smaller(inner, k - first);
    read_rows(a, row, rows, first, count, packed + first * padded + row * count);
  }
}

int64_t gemm_packed_bytes(int64_t k, int64_t n, bool bf16) {
  return (n + PANEL - 1) / PANEL * PANEL * k * (bf16 ? 2 : 4);
}

void gemm_pack(int64_t k, int64_t n, GemmSide b, bool bf16, void *packed) {
  float *panel = blocks().panel;
  for (int64_t column = 0; column < n; column += PANEL)
    for (int64_t first = 0; first < k; first += INNER) {
      int64_t count = smaller(INNER, k - first), at = column * k + first * PANEL;
      read_panel(b, first, count, column, smaller(PANEL, n - column), bf16 ? panel : (float *)packed + at);
      if (bf16) kernels_bf16_from_float(count * PANEL, panel, (uint16_t *)packed + at);
    }
}

#pragma clang attribute pop
#else

bool gemm_can_run(void) { return false; }
bool gemm_is_ours(void) { return false; }
int64_t gemm_packed_rows(int64_t m) { abort(); }
void gemm_pack_rows(int64_t m, int64_t k, GemmSide a, int64_t row, int64_t rows, float *packed) { abort(); }
int64_t gemm_packed_bytes(int64_t k, int64_t n, bool bf16) { abort(); }
void gemm_pack(int64_t k, int64_t n, GemmSide b, bool bf16, void *packed) { abort(); }
void gemm(int64_t m, int64_t n, int64_t k, GemmSide a, GemmSide b, const float *bias, bool accumulate, float *c,
          int64_t ldc) {
  abort();
}
void gemm_with_packed(int64_t m, int64_t n, int64_t k, GemmSide a, const void *packed, bool bf16, const float *bias,
                      bool accumulate, float *c, int64_t ldc) {
  abort();
}

#endif
