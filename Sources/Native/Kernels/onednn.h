// What the files on oneDNN share (onednn.c): primitives prepared once for each thread and shape, and frozen weights
// packed once.
#pragma once
#include <dnnl.h>

#include "vector.h"

#define CHECK(call) onednn_check((call), #call)
void onednn_check(dnnl_status_t status, const char *call);
/// For the whole process, from the first primitive on.
extern dnnl_engine_t onednn_engine;

enum { MAX_ARGUMENTS = 6 };
typedef enum { MATMUL = 1, PACKED_MATMUL, PACKING, CONVOLUTION, INPUT_GRADIENT, WEIGHT_GRADIENT } PrimitiveKind;

/// What distinguishes one primitive from another; what a kind has no use for is 0. Keys are compared byte by byte.
typedef struct {
  PrimitiveKind kind;
  uint32_t bf16;                         // both sides of a product, or what is packed
  uint32_t transposeA, transposeB;       // stored transposed
  uint32_t storedBF16;                   // what is packed is read as bfloat16
  uint32_t hasBias, accumulates;         // c = … + bias, c += …
  uint32_t unused;
  int64_t m, n, k, lda, ldb, ldc;        // of a product
  ConvolutionShape shape;                // of a convolution
} Key;
_Static_assert(sizeof(Key) == 8 * 4 + 6 * 8 + sizeof(ConvolutionShape), "bytes between the fields would differ");

typedef struct {
  Key key;
  dnnl_primitive_t primitive;
  int arguments;
  dnnl_exec_arg_t argument[MAX_ARGUMENTS];
  dnnl_memory_desc_t weights;  // the primitive's own layout
  dnnl_memory_t packed;        // scratch for weights packed at every call; made when first needed
  dnnl_primitive_t pack, unpack;
} Prepared;

/// This thread's primitive for a key; made by `make` when there is none.
Prepared *onednn_find(const Key *key, Prepared *(*make)(const Key *));
/// The primitive of `pd`, its scratch as an argument: all of a thread's primitives share one scratch.
Prepared *onednn_prepared(dnnl_primitive_desc_t pd);
void onednn_add_argument(Prepared *p, int name, const dnnl_memory_desc_t *md);
const dnnl_memory_desc_t *onednn_wanted(const_dnnl_primitive_desc_t pd, dnnl_query_t what);
dnnl_primitive_attr_t onednn_attributes(bool accumulate);
/// Says where the data of an argument lie.
void onednn_point(Prepared *p, int name, const void *data);
void onednn_run(Prepared *p);

/// A primitive that copies from one layout to another.
dnnl_primitive_t onednn_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);
void onednn_run_reorder(dnnl_primitive_t primitive, dnnl_memory_t from, dnnl_memory_t to);
dnnl_memory_t onednn_allocated(const dnnl_memory_desc_t *md);
dnnl_memory_t onednn_memory_at(const dnnl_memory_desc_t *md, const void *data);
const void *onednn_data(dnnl_memory_t memory);
/// A copy from one layout and type to another, with the arguments DNNL_ARG_FROM and DNNL_ARG_TO.
Prepared *onednn_prepared_copy(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);
/// Such a copy, once.
void onednn_copy(const dnnl_memory_desc_t *from, const void *source, const dnnl_memory_desc_t *to, void *target);

/// Points the argument DNNL_ARG_WEIGHTS of `p` at `weights` (laid out as `plain` says) in the layout of `p`:
/// packed once for all threads when frozenID names them, else at every call.
void onednn_point_weights(Prepared *p, const dnnl_memory_desc_t *plain, const void *weights, uint64_t frozenID);
