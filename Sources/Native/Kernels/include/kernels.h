// Arithmetic loops behind the engine. Every function takes pointers and sizes, allocates nothing that outlives it
// (but for the caches of prepared primitives) and knows no graph. All numbers are float32, all arrays dense and
// row-major unless a leading dimension says otherwise; images are NHWC. Swift decides, allocates and schedules.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- Threads (pool.c) -------------------------------------------------------------------------------------------
/// Runs body(context, i) for i in 0..<count on the pool and the calling thread; returns when all are done.
/// Items are taken from a shared counter, so a starved core does not hold up the others. Nested calls run in place.
void kernels_parallel(int64_t count, void (*body)(void *context, int64_t index), void *context);
/// How many threads work on one call, the caller included. Takes effect at the next kernels_parallel.
void kernels_set_threads(int threads);
int kernels_threads(void);
/// Blocks all signals on the calling thread and those it starts, except those that its own instructions raise and those
/// of job control, and gives it a stack of its own for handlers. The pool's threads are shielded; a thread that calls
/// kernels has to be (signals.c says why).
void kernels_shield_thread(void);
/// "TERM"; NULL for a number that is no signal.
const char *kernels_signal_name(int number);
/// Cores that the calling thread may run on; 0 if the system does not say.
int kernels_allowed_cores(void);

// ---- Stored numbers (stored.c) ----------------------------------------------------------------------------------
/// How numbers are stored: Float32, fp16 (IEEE half), bfloat16; little-endian, the 16-bit ones at any address.
typedef enum { KERNELS_F32 = 0, KERNELS_F16 = 1, KERNELS_BF16 = 2 } KernelsType;

typedef struct {
  const void *data;
  KernelsType type;
} KernelsNumbers;

/// y (n) = the numbers from entry `first` on; exact, NaN and infinities included.
void kernels_floats(KernelsNumbers x, int64_t first, int64_t n, float *y);
/// y (n) = the numbers of x (n; fp16, bfloat16 or double, little-endian, at any address): the 16-bit ones exactly, NaN
/// and infinities included, doubles rounded to nearest.
void kernels_float_from_f16(int64_t n, const void *x, float *y);
void kernels_float_from_bf16(int64_t n, const void *x, float *y);
void kernels_float_from_f64(int64_t n, const void *x, float *y);
/// y (n bfloat16) = x rounded to nearest, ties to even; NaN stays NaN.
void kernels_bf16_from_float(int64_t n, const float *x, void *y);
/// Copies a view with `strides` (in entries) to a dense row-major array; entries are of 1, 2, 4 or 8 bytes.
void kernels_gather_strided(int32_t rank, const int64_t *sizes, const int64_t *strides, int64_t size, const void *from,
                            void *to);

// ---- Matrix products (matmul.c) ---------------------------------------------------------------------------------
// On oneDNN or on our own kernels (gemm.c). All run on the calling thread only.

/// Whose kernels multiply matrices in this process: our own for the CPU's vectors, our own in portable C, OpenBLAS
/// (where the CPU lacks AVX2), or oneDNN's. The environment variable DIVA_KERNELS chooses one by its name; a name that is
/// unknown or that this machine lacks changes nothing here, and is refused by `GemmBackend.requireChosen`.
///
/// Our own give each number of a product the same bits whatever rows and columns are computed with it, and read right
/// sides of any stored type beside a left side of Float32.
typedef enum { KERNELS_AVX512, KERNELS_AVX2, KERNELS_PORTABLE, KERNELS_BLAS, KERNELS_ONEDNN } KernelsPath;
KernelsPath kernels_path(void);
bool kernels_has_path(KernelsPath path);
/// "avx512", "avx2", "portable", "blas", "onednn"
const char *kernels_path_name(KernelsPath path);
/// Rows of a micro-kernel's tile: rows of a product are best cut at its multiples.
int64_t kernels_tile_rows(void);
/// Whether bfloat16 is multiplied in its own instructions, by oneDNN, faster than Float32.
bool kernels_has_bf16(void);
/// Whether products of Float32, or of bfloat16, are our own.
bool kernels_multiplies_own(bool bf16);

/// C (m×n, row stride ldc) = op(A) (m×k) · op(B) (k×n) [+ bias (n), or + C]; lda and ldb are the row strides of the
/// arrays as stored.
typedef struct {
  int64_t m, n, k;
  const void *a;
  int64_t lda;
  bool transposeA;
  const void *b;
  int64_t ldb;
  bool transposeB;
  KernelsType bType;  // Float32, or bfloat16 and A too: summed in Float32, only where kernels_has_bf16()
  const float *bias;  // null for none
  bool accumulate;
  float *c;
  int64_t ldc;
} KernelsProduct;

void kernels_matmul(const KernelsProduct *product);

/// Our own kernels of a path that this machine has, for tests. A is Float32, B of any type, for `packsB` Float32 or
/// bfloat16; both may be packed before.
void kernels_own_matmul(KernelsPath path, const KernelsProduct *product, bool packsA, bool packsB);

/// The right side B (k×n) of products C = A·B.
typedef struct {
  int64_t n, k;
  bool transposed;  // stored (n×k), as the weights of a linear layer are
  bool bf16;        // packed in bfloat16; A is bfloat16 too where kernels_has_bf16()
} KernelsMatrix;

/// Rows of the left side A (count×k).
typedef struct {
  const void *numbers;  // dense Float32, or bfloat16 where B is and kernels_has_bf16()
  int64_t count;
  bool packed;          // by kernels_rows_pack
  int64_t stride;       // not 0: stored k×…, this many numbers from one k to the next; our own kernels only
} KernelsRows;

typedef struct {
  int64_t size;         // bytes
  int64_t columnBlock;  // columns are packed in blocks of this size, at which products may be cut
  bool gains;           // false where plain rows are as fast on this CPU
} KernelsPacking;

KernelsPacking kernels_matrix_packing(const KernelsMatrix *b);
/// Packs columns first ..< first + columns; both are multiples of the column block, but for the last one's end.
void kernels_matrix_pack(const KernelsMatrix *b, KernelsNumbers numbers, int64_t first, int64_t columns, void *packed);
/// c[:, first ..< first + columns] = A · B [+ bias]; `packed`, `bias` and c (row stride ldc) are whole.
void kernels_matrix_product(const KernelsMatrix *b, const KernelsRows *a, const void *packed, int64_t first,
                            int64_t columns, const float *bias, float *c, int64_t ldc);
/// The same with B as it is stored, dense: on oneDNN Float32, or bfloat16 where b->bf16.
void kernels_plain_product(const KernelsMatrix *b, const KernelsRows *a, KernelsNumbers plain, int64_t first,
                           int64_t columns, const float *bias, float *c, int64_t ldc);
/// c (rows×n, dense) += A · B.
void kernels_matrix_accumulate(const KernelsMatrix *b, const KernelsRows *a, const void *packed, float *c);

/// Numbers of a left side A (rows×k) packed for several products; 0 where packing it gains nothing.
int64_t kernels_rows_packing(int64_t rows, int64_t k);
/// Packs rows first ..< first + count of A (dense); `first` is a multiple of kernels_tile_rows().
void kernels_rows_pack(int64_t rows, int64_t k, const float *a, int64_t first, int64_t count, float *packed);

// ---- Convolutions on oneDNN (convolution.c) ---------------------------------------------------------------------
typedef struct {
  int32_t batch, height, width, inChannels, outChannels, kernelHeight, kernelWidth, stride;
  int32_t padTop, padLeft, padBottom, padRight, outHeight, outWidth;
} ConvolutionShape;

/// Weights are OIHW as weights files store them; `frozenID` ≠ 0 names weights that never change, so that their packed
/// form is made once and kept until kernels_forget_weights(frozenID).
void kernels_convolution(const ConvolutionShape *shape, const float *x, const float *weights, uint64_t frozenID,
                         const float *bias, float *y);
void kernels_convolution_input_gradient(const ConvolutionShape *shape, const float *dy, const float *weights,
                                        uint64_t frozenID, float *dx);
/// dWeights OIHW and dBias are overwritten.
void kernels_convolution_weight_gradient(const ConvolutionShape *shape, const float *x, const float *dy,
                                         float *dWeights, float *dBias);
void kernels_forget_weights(uint64_t frozenID);
/// "2.6.3": the version of oneDNN in use.
void kernels_onednn_version(char *text, size_t size);

// ---- Convolutions as matrix products (im2col.c) -----------------------------------------------------------------
/// im2col: row r of `rows` (…×inChannels·kernelHeight·kernelWidth) holds the pixels under the filters of result r,
/// counted over all images, of `first` ..< first + count; in the order of filters in weights files, which need no other
/// then. At most 64 taps.
void kernels_im2col(const ConvolutionShape *shape, int64_t first, int64_t count, const float *x, float *rows);
/// Its gradient, col2im: lines first ..< first + count, counted over all images, of dx, from the gradient of all rows.
void kernels_col2im(const ConvolutionShape *shape, int64_t first, int64_t count, const float *dRows, float *dx);

// ---- Indirect convolutions (indirect.c): the gradient of the input is one with flipped filters ------------------
/// Whether products run on our own kernels and these sizes fit: at most 25 taps and 1024 channels.
bool kernels_convolves_indirectly(const ConvolutionShape *shape);
/// y[first ..< first + count, firstColumn ..< firstColumn + columns] of the results of all images
/// = x ∗ filters [+ bias]. `packed` is the whole matrix (taps·inChannels × outChannels), tap after tap, as
/// kernels_matrix_pack packs it; columns are cut at multiples of 32.
void kernels_indirect_convolution(const ConvolutionShape *shape, int64_t first, int64_t count, const float *x,
                                  const float *packed, const float *bias, int64_t firstColumn, int64_t columns,
                                  float *y);

// ---- Winograd's transforms (winograd.c): the gradient of the input is a convolution with flipped filters --------
/// Images (…×height×width×channels) cut into tiles of 2×2, 4×4 or 6×6 pixels, row by row, image after image; a tile
/// that hangs over the edge is completed with zeros.
typedef struct {
  int32_t tile;  // 2, 4 or 6
  int64_t height, width;
} WinogradShape;
/// (tile+2)² matrices with a row for each tile: the factors or the results of products over channels.
typedef struct {
  void *data;
  int64_t first;   // the row of the first tile
  int64_t stride;  // numbers from one matrix to the next
  bool bf16;       // factors of 2×2 tiles may be bfloat16; nothing else is
} WinogradRows;
/// Tiles first ..< first + count of the images to rows of factors.
void kernels_winograd_gather(const WinogradShape *shape, int64_t channels, int64_t first, int64_t count,
                             const float *images, const WinogradRows *rows);
/// Rows of results to tiles first ..< first + count of the images, with bias (channels) if there is one.
void kernels_winograd_scatter(const WinogradShape *shape, int64_t channels, int64_t first, int64_t count,
                              const WinogradRows *rows, const float *bias, float *images);
/// The other factors u ((tile+2)²×inputs×outputs), from filters as weights files hold them. `flipped` makes those of
/// the gradient, from outputs to inputs: the filters turned by 180°, u (…×outputs×inputs).
void kernels_winograd_filters(int32_t tile, int64_t inputs, int64_t outputs, bool flipped, const float *oihw, float *u);

// ---- Elementwise (elementwise.c) --------------------------------------------------------------------------------
typedef enum { KERNELS_SILU = 0, KERNELS_GELU = 1, KERNELS_QUICK_GELU = 2, KERNELS_GELU_TANH = 3 } KernelsActivation;

void kernels_add(int64_t n, const float *a, const float *b, float *out);
void kernels_subtract(int64_t n, const float *a, const float *b, float *out);
void kernels_multiply(int64_t n, const float *a, const float *b, float *out);
/// out = scale·a + offset
void kernels_affine(int64_t n, const float *a, float scale, float offset, float *out);
/// y += scale·x
void kernels_axpy(int64_t n, float scale, const float *x, float *y);
/// out = p·a + q·b
void kernels_blend(int64_t n, float p, const float *a, float q, const float *b, float *out);
/// sums (c) [+]= Σ over rows of x (rows×c), added in a fixed order.
void kernels_column_sums(int64_t rows, int64_t c, const float *x, bool accumulate, float *sums);
double kernels_sum(int64_t n, const float *x);
double kernels_sum_squares(int64_t n, const float *x);
double kernels_dot(int64_t n, const float *a, const float *b);
/// Σ (a − b)²
double kernels_squared_distance(int64_t n, const float *a, const float *b);
void kernels_activation(KernelsActivation kind, int64_t n, const float *x, float *y);
void kernels_activation_gradient(KernelsActivation kind, int64_t n, const float *x, const float *dy, float *dx);
/// y (rows×c) = x[:, :c] · gelu(x[:, c:]), x (rows×2c)
void kernels_geglu(int64_t rows, int64_t c, const float *x, float *y);
void kernels_geglu_gradient(int64_t rows, int64_t c, const float *x, const float *dy, float *dx);
/// (height×width×c) → (2·height×2·width×c), each pixel four times; and the sum back.
void kernels_upsample_nearest(int64_t height, int64_t width, int64_t c, const float *x, float *y);
void kernels_upsample_nearest_gradient(int64_t height, int64_t width, int64_t c, const float *dy, float *dx);

/// (y[2i], y[2i+1]) = (x[2i], x[2i+1]) turned by the angle of cosine i and sine i, forth (sign 1) or back (−1).
void kernels_rotate_pairs(int64_t pairs, const float *x, const float *cosines, const float *sines, float sign, float *y);

// ---- Normalisation (normalization.c) ----------------------------------------------------------------------------
void kernels_layer_norm(int64_t rows, int64_t c, const float *x, const float *scale, const float *shift,
                        float epsilon, float *y, float *mean, float *inverseDeviation);
/// dScale and dShift may be null (frozen); else they are overwritten with the sums over these rows.
void kernels_layer_norm_gradient(int64_t rows, int64_t c, const float *x, const float *scale, const float *mean,
                                 const float *inverseDeviation, const float *dy, float *dx, float *dScale,
                                 float *dShift);
/// y = x / √(mean x² + epsilon) · scale; inverseLength (rows) is kept for the gradient. dScale as in layer norm.
void kernels_rms_norm(int64_t rows, int64_t c, const float *x, const float *scale, float epsilon, float *y,
                      float *inverseLength);
void kernels_rms_norm_gradient(int64_t rows, int64_t c, const float *x, const float *scale,
                               const float *inverseLength, const float *dy, float *dx, float *dScale);
/// Rows to unit length: y = x / max(|x|, epsilon); lengths (rows) is kept for the gradient.
void kernels_normalize_rows(int64_t rows, int64_t c, const float *x, float epsilon, float *y, float *lengths);
void kernels_normalize_rows_gradient(int64_t rows, int64_t c, const float *y, const float *lengths, const float *dy,
                                     float *dx);

// ---- GroupNorm on NHWC (group_norm.c) ---------------------------------------------------------------------------
// One image, x (pixels×channels), in pieces of pixels.
typedef struct {
  int64_t channels, groups;
  bool silu;                             // SiLU follows
  const float *scale, *shift;            // of each channel
  const float *mean, *inverseDeviation;  // of each group of this image
} GroupNormOfImage;

/// A piece: the mean of each channel, and its squares about that mean.
void kernels_channel_moments(int64_t pixels, int64_t channels, const float *x, float *mean, float *squares);
/// The whole image from the moments of its pieces (pieces×channels), `piece` pixels each but for the last.
void kernels_group_statistics(int64_t pixels, int64_t piece, int64_t channels, int64_t groups, const float *means,
                              const float *squares, float epsilon, float *mean, float *inverseDeviation);
/// A piece: y = (x − mean)·inverseDeviation·scale + shift, then SiLU if `silu`.
void kernels_group_norm(const GroupNormOfImage *norm, int64_t pixels, const float *x, float *y);
/// A piece: slopes (pixels×channels) = dy before SiLU; their sums over pixels, alone (ones) and times the normal x
/// (rows).
void kernels_group_norm_slopes(const GroupNormOfImage *norm, int64_t pixels, const float *x, const float *dy,
                               float *slopes, float *ones, float *rows);
/// The whole image from the sums of its pieces: dShift and dScale (channels), and the mean slope of each group, alone
/// and times the normal x.
void kernels_group_gradients(const GroupNormOfImage *norm, int64_t pixels, int64_t pieces, const float *ones,
                             const float *rows, float *dShift, float *dScale, float *alongOne, float *alongRow);
/// A piece: dx, which holds the slopes before.
void kernels_group_norm_gradient(const GroupNormOfImage *norm, int64_t pixels, const float *x,
                                 const float *alongOne, const float *alongRow, float *dx);

// ---- Attention (attention.c, attention_gradient.c) --------------------------------------------------------------
typedef struct {
  int64_t queries, keys, headWidth;
  int64_t queryStride, keyStride, valueStride, outStride;  // floats from one token to the next
  float scale;
  bool causal;  // token i attends to keys 0…i
  bool bf16;    // factors in bfloat16; scores, exponentials and sums in float32
} AttentionShape;

/// Bytes of one head's keys and values packed, 0 where no packing is needed; and of the scratch that a call below
/// needs.
int64_t kernels_attention_packed_bytes(const AttentionShape *shape);
int64_t kernels_attention_scratch_bytes(const AttentionShape *shape);
/// One head's keys and values, before its queries come in any number of calls.
void kernels_attention_pack(const AttentionShape *shape, const float *k, const float *v, void *packed, void *scratch);
/// Queries first ..< first + count of one head: out = softmax(scale·q·kᵀ)·v; logSumExp (queries) is kept for the
/// gradient, never the score matrix. q, out and logSumExp are those of query 0; packed is null where it has no bytes.
void kernels_attention(const AttentionShape *shape, int64_t first, int64_t count, const float *q, const float *k,
                       const float *v, const void *packed, float *out, float *logSumExp, void *scratch);

/// What the gradient reads of all queries of one head, and writes; dq may be null.
typedef struct {
  const float *q, *out, *dOut, *logSumExp;
  float *dq;
} AttentionQueries;

int64_t kernels_attention_gradient_packed_bytes(const AttentionShape *shape);
int64_t kernels_attention_gradient_scratch_bytes(const AttentionShape *shape);
void kernels_attention_gradient_pack(const AttentionShape *shape, const float *k, const float *v, void *packed);
/// Gradients by queries first ..< first + count: dq, and their part of dk and dv in `sums` (2 × keys × head width).
void kernels_attention_gradient(const AttentionShape *shape, int64_t first, int64_t count,
                                const AttentionQueries *queries, const void *packed, float *sums, void *scratch);
/// dk and dv from the sums of `parts` calls one after the other, added in that order, which overwrites them; either
/// may be null.
void kernels_attention_gradient_gather(const AttentionShape *shape, int64_t parts, float *sums, float *dk, float *dv);

// ---- Loss (loss.c; its gradient is (probabilities − one-hot labels)/rows, in Engine/Ops/Loss.swift) -------------
/// Mean over rows of −log softmax(logits)[label]; probabilities (rows×k) are kept for the gradient.
double kernels_cross_entropy(int64_t rows, int64_t k, const float *logits, const int32_t *labels,
                             float *probabilities);

// ---- Optimizers (optimizer.c) -----------------------------------------------------------------------------------
/// PyTorch's SGD: velocity = momentum·velocity + (g·gradientScale + weightDecay·w); w −= rate·velocity.
void kernels_sgd(int64_t n, float *w, const float *g, float *velocity, float gradientScale, float rate,
                 float momentum, float weightDecay);
typedef struct {
  float gradientScale, rate, epsilon, weightDecay;
  double beta1, beta2;
  float correction1, correction2;  // 1 − β₁ᵗ, 1 − β₂ᵗ
} AdamWStep;
/// PyTorch's AdamW.
void kernels_adamw(int64_t n, const AdamWStep *step, float *w, const float *g, float *m, float *v);
/// average += (1 − decay)·(w − average)
void kernels_moving_average(int64_t n, const float *w, float decay, float *average);

// ---- Random numbers (philox.c) ----------------------------------------------------------------------------------
/// Philox4x32-10: four 32-bit words for one (key, counter).
void kernels_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);
/// n standard normal numbers: element 4·i…4·i+3 comes from counter (c0 + i, c1, c2, c3) by Box–Muller.
void kernels_philox_normal(const uint32_t key[2], const uint32_t counter[4], int64_t n, float *out);

/// Elements first ..< first + n of a stream, element i from counter (i, 0, step, stream): (2u − 1)·bound with u = its
/// first word in [0, 1).
void kernels_philox_uniform(const uint32_t key[2], uint32_t stream, uint32_t step, int64_t first, int64_t n,
                            float bound, float *out);

// ---- The machine's limit (probe.c) ------------------------------------------------------------------------------
/// Runs multiply-adds that touch no memory on the calling thread; gives how many floating-point operations they were,
/// 0 where this CPU has no instruction for the type.
int64_t kernels_probe(KernelsType type, int64_t rounds);

// ---- Files (files.c) -----------------------------------------------------------------------------------------------

/// Whether the file lies on a disk of this machine, so that its locks are those of all processes that can reach it.
bool kernels_keeps_all_locks(int descriptor);

// ---- Memory (memory.c) ------------------------------------------------------------------------------------------
/// Bytes that malloc has handed out and not got back; 0 where the C library does not say.
int64_t kernels_allocated_bytes(void);
/// Gives free pages at the end of the heap back to the system.
void kernels_trim_heap(void);

#ifdef __cplusplus
}
#endif
