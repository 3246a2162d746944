// Matrix products and convolutions on oneDNN 2.x, one thread a call: the pool in pool.c does the splitting.
//
// Making a primitive compiles code (0.1–1.4 ms), running it costs about a microsecond, so each thread keeps what it
// made, by shape. A shape's convolution wants its weights in a layout of its own; frozen weights are packed once for
// all threads, trained ones at every call.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dnnl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#define CHECK(call) check((call), #call)

static void check(dnnl_status_t status, const char *call) {
  if (status == dnnl_success) return;
  fprintf(stderr, "oneDNN failed with status %d in %s\n", (int)status, call);
  abort();
}

static dnnl_engine_t engine;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static _Thread_local dnnl_stream_t stream;

static void make_engine(void) { CHECK(dnnl_engine_create(&engine, dnnl_cpu, 0)); }

static void prepare_thread(void) {
  if (stream) return;
  pthread_once(&engine_once, make_engine);
  // Debian's oneDNN brings OpenMP; a second pool beside ours would only fight it for the cores.
  void (*set_threads)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_threads) set_threads(1);
  CHECK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
}

// ---- Prepared primitives, by shape ------------------------------------------------------------------------------

enum { KEY_WORDS = 18, MAX_ARGUMENTS = 6 };

typedef struct {
  int64_t words[KEY_WORDS];
} Key;

typedef struct {
  Key key;
  dnnl_primitive_t primitive;
  int arguments;
  dnnl_exec_arg_t argument[MAX_ARGUMENTS];
  dnnl_memory_desc_t weights;  // the layout that the primitive wants
  dnnl_memory_t packed;        // scratch for weights packed at every call; made when first needed
  dnnl_primitive_t pack, unpack;
} Prepared;

typedef struct {
  Prepared **slots;
  int64_t capacity, count;
} Table;

static _Thread_local Table table;
static _Thread_local void *scratch;
static _Thread_local size_t scratch_size;

static uint64_t hash_words(const int64_t *words, int count) {
  uint64_t h = 0x9E3779B97F4A7C15u;
  for (int i = 0; i < count; i++) {
    h = (h ^ (uint64_t)words[i]) * 0xBF58476D1CE4E5B9u;
    h ^= h >> 29;
  }
  return h;
}

static Prepared **slot_for(Table *t, const Key *key) {
  uint64_t at = hash_words(key->words, KEY_WORDS);
  for (;; at++) {
    Prepared **slot = &t->slots[at & (uint64_t)(t->capacity - 1)];
    if (!*slot || memcmp(&(*slot)->key, key, sizeof *key) == 0) return slot;
  }
}

static void grow(Table *t) {
  Table larger = {calloc((size_t)(t->capacity ? 2 * t->capacity : 256), sizeof(Prepared *)),
                  t->capacity ? 2 * t->capacity : 256, t->count};
  for (int64_t i = 0; i < t->capacity; i++)
    if (t->slots[i]) *slot_for(&larger, &t->slots[i]->key) = t->slots[i];
  free(t->slots);
  *t = larger;
}

static Prepared *find(const Key *key, Prepared *(*make)(const Key *)) {
  prepare_thread();
  if (2 * table.count >= table.capacity) grow(&table);
  Prepared **slot = slot_for(&table, key);
  if (!*slot) {
    *slot = make(key);
    (*slot)->key = *key;
    table.count++;
  }
  return *slot;
}

static dnnl_memory_t memory_for(const dnnl_memory_desc_t *md) {
  dnnl_memory_t memory;
  CHECK(dnnl_memory_create(&memory, md, engine, DNNL_MEMORY_NONE));
  return memory;
}

static void add_argument(Prepared *p, int name, const dnnl_memory_desc_t *md) {
  p->argument[p->arguments++] = (dnnl_exec_arg_t){name, memory_for(md)};
}

static const dnnl_memory_desc_t *wanted(const_dnnl_primitive_desc_t pd, dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(pd, what, 0);
}

static dnnl_primitive_attr_t attributes(bool accumulate) {
  dnnl_primitive_attr_t attr;
  CHECK(dnnl_primitive_attr_create(&attr));
  CHECK(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user));
  if (accumulate) {
    dnnl_post_ops_t ops;
    CHECK(dnnl_post_ops_create(&ops));
    CHECK(dnnl_post_ops_append_sum(ops, 1.0f));
    CHECK(dnnl_primitive_attr_set_post_ops(attr, ops));
    CHECK(dnnl_post_ops_destroy(ops));
  }
  return attr;
}

/// The primitive of `pd`, its scratch as the last argument: all of a thread's primitives share one scratch.
static Prepared *prepared(dnnl_primitive_desc_t pd) {
  Prepared *p = calloc(1, sizeof *p);
  CHECK(dnnl_primitive_create(&p->primitive, pd));
  const dnnl_memory_desc_t *md = wanted(pd, dnnl_query_scratchpad_md);
  size_t size = md ? dnnl_memory_desc_get_size(md) : 0;
  if (size > scratch_size) {
    free(scratch);
    scratch = aligned_alloc(64, (size + 63) & ~(size_t)63);
    scratch_size = size;
  }
  if (size) add_argument(p, DNNL_ARG_SCRATCHPAD, md);
  return p;
}

static void point(Prepared *p, int name, const void *data) {
  for (int i = 0; i < p->arguments; i++)
    if (p->argument[i].arg == name) CHECK(dnnl_memory_set_data_handle(p->argument[i].memory, (void *)(uintptr_t)data));
}

static void run(Prepared *p) {
  point(p, DNNL_ARG_SCRATCHPAD, scratch);
  CHECK(dnnl_primitive_execute(p->primitive, stream, p->arguments, p->argument));
}

// ---- Matrix products --------------------------------------------------------------------------------------------

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
  dnnl_primitive_attr_t attr = attributes(w[9]);
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, engine, NULL));
  Prepared *p = prepared(pd);
  add_argument(p, DNNL_ARG_SRC, &a);
  add_argument(p, DNNL_ARG_WEIGHTS, &b);
  add_argument(p, DNNL_ARG_DST, &c);
  if (w[8]) add_argument(p, DNNL_ARG_BIAS, &bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

void kernels_matmul(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, bool transposeA, const float *b,
                    int64_t ldb, bool transposeB, const float *bias, bool accumulate, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  Key key = {{1, m, n, k, lda, transposeA, ldb, transposeB, bias != NULL, accumulate, ldc}};
  Prepared *p = find(&key, make_matmul);
  point(p, DNNL_ARG_SRC, a);
  point(p, DNNL_ARG_WEIGHTS, b);
  point(p, DNNL_ARG_DST, c);
  if (bias) point(p, DNNL_ARG_BIAS, bias);
  run(p);
}

// ---- Weights in the layout that a convolution wants -------------------------------------------------------------

typedef struct Packed {
  uint64_t frozenID;
  dnnl_memory_desc_t layout;
  dnnl_memory_t memory;
  struct Packed *next;
} Packed;

enum { PACK_BUCKETS = 1024 };
static Packed *packs[PACK_BUCKETS];
static pthread_rwlock_t pack_lock = PTHREAD_RWLOCK_INITIALIZER;

static Packed *find_packed(uint64_t id, const dnnl_memory_desc_t *layout) {
  for (Packed *p = packs[id % PACK_BUCKETS]; p; p = p->next)
    if (p->frozenID == id && dnnl_memory_desc_equal(&p->layout, layout)) return p;
  return NULL;
}

static dnnl_memory_desc_t plain_weights(const dnnl_memory_desc_t *layout) {
  dnnl_memory_desc_t md;
  CHECK(dnnl_memory_desc_init_by_tag(&md, layout->ndims, layout->dims, dnnl_f32, dnnl_oihw));
  return md;
}

static dnnl_primitive_t reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_desc_t pd;
  dnnl_primitive_t primitive;
  CHECK(dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL));
  CHECK(dnnl_primitive_create(&primitive, pd));
  CHECK(dnnl_primitive_desc_destroy(pd));
  return primitive;
}

static void run_reorder(dnnl_primitive_t primitive, dnnl_memory_t from, dnnl_memory_t to) {
  dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  CHECK(dnnl_primitive_execute(primitive, stream, 2, args));
}

static dnnl_memory_t allocated(const dnnl_memory_desc_t *md) {
  dnnl_memory_t memory;
  CHECK(dnnl_memory_create(&memory, md, engine, DNNL_MEMORY_ALLOCATE));
  return memory;
}

static dnnl_memory_t plain_memory(const dnnl_memory_desc_t *layout, const float *weights) {
  dnnl_memory_desc_t plain = plain_weights(layout);
  dnnl_memory_t memory;
  CHECK(dnnl_memory_create(&memory, &plain, engine, (void *)(uintptr_t)weights));
  return memory;
}

static Packed *pack_frozen(uint64_t id, const dnnl_memory_desc_t *layout, const float *weights) {
  Packed *p = calloc(1, sizeof *p);
  *p = (Packed){id, *layout, allocated(layout), packs[id % PACK_BUCKETS]};
  dnnl_memory_desc_t plain = plain_weights(layout);
  dnnl_memory_t from = plain_memory(layout, weights);
  dnnl_primitive_t primitive = reorder(&plain, layout);
  run_reorder(primitive, from, p->memory);
  CHECK(dnnl_primitive_destroy(primitive));
  CHECK(dnnl_memory_destroy(from));
  return packs[id % PACK_BUCKETS] = p;
}

static const void *data_of(dnnl_memory_t memory) {
  void *data;
  CHECK(dnnl_memory_get_data_handle(memory, &data));
  return data;
}

static const void *frozen_weights(uint64_t id, const dnnl_memory_desc_t *layout, const float *weights) {
  pthread_rwlock_rdlock(&pack_lock);
  Packed *p = find_packed(id, layout);
  pthread_rwlock_unlock(&pack_lock);
  if (!p) {
    pthread_rwlock_wrlock(&pack_lock);
    p = find_packed(id, layout);
    if (!p) p = pack_frozen(id, layout, weights);
    pthread_rwlock_unlock(&pack_lock);
  }
  return data_of(p->memory);
}

static const void *packed_now(Prepared *p, const float *weights) {
  if (!p->pack) {
    dnnl_memory_desc_t plain = plain_weights(&p->weights);
    p->pack = reorder(&plain, &p->weights);
    p->packed = allocated(&p->weights);
  }
  dnnl_memory_t from = plain_memory(&p->weights, weights);
  run_reorder(p->pack, from, p->packed);
  CHECK(dnnl_memory_destroy(from));
  return data_of(p->packed);
}

void kernels_forget_weights(uint64_t frozenID) {
  pthread_rwlock_wrlock(&pack_lock);
  for (Packed **at = &packs[frozenID % PACK_BUCKETS]; *at;) {
    Packed *p = *at;
    if (p->frozenID == frozenID) {
      *at = p->next;
      CHECK(dnnl_memory_destroy(p->memory));
      free(p);
    } else {
      at = &p->next;
    }
  }
  pthread_rwlock_unlock(&pack_lock);
}

// ---- Convolutions -----------------------------------------------------------------------------------------------

typedef struct {
  dnnl_memory_desc_t x, w, bias, y;  // w in any layout
  dnnl_dims_t strides, padStart, padEnd;
} ConvolutionDescs;

static ConvolutionDescs convolution_descs(const int64_t *s) {
  ConvolutionDescs d;
  dnnl_dims_t x = {s[1], s[4], s[2], s[3]}, w = {s[5], s[4], s[6], s[7]}, bias = {s[5]}, y = {s[1], s[5], s[13], s[14]};
  CHECK(dnnl_memory_desc_init_by_tag(&d.x, 4, x, dnnl_f32, dnnl_nhwc));
  CHECK(dnnl_memory_desc_init_by_tag(&d.w, 4, w, dnnl_f32, dnnl_format_tag_any));
  CHECK(dnnl_memory_desc_init_by_tag(&d.bias, 1, bias, dnnl_f32, dnnl_a));
  CHECK(dnnl_memory_desc_init_by_tag(&d.y, 4, y, dnnl_f32, dnnl_nhwc));
  for (int i = 0; i < 2; i++) d.strides[i] = s[8], d.padStart[i] = s[9 + i], d.padEnd[i] = s[11 + i];
  return d;
}

static Key convolution_key(int64_t kind, const ConvolutionShape *s, bool bias) {
  return (Key){{kind, s->batch, s->height, s->width, s->inChannels, s->outChannels, s->kernelHeight, s->kernelWidth,
                s->stride, s->padTop, s->padLeft, s->padBottom, s->padRight, s->outHeight, s->outWidth, bias}};
}

static dnnl_primitive_desc_t forward_desc(const ConvolutionDescs *d, bool bias, dnnl_primitive_attr_t attr) {
  dnnl_convolution_desc_t desc;
  CHECK(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, dnnl_convolution_direct, &d->x, &d->w,
                                           bias ? &d->bias : NULL, &d->y, d->strides, d->padStart, d->padEnd));
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, engine, NULL));
  return pd;
}

static Prepared *make_forward(const Key *key) {
  ConvolutionDescs d = convolution_descs(key->words);
  dnnl_primitive_attr_t attr = attributes(false);
  dnnl_primitive_desc_t pd = forward_desc(&d, key->words[15], attr);
  Prepared *p = prepared(pd);
  p->weights = *wanted(pd, dnnl_query_weights_md);
  add_argument(p, DNNL_ARG_SRC, &d.x);
  add_argument(p, DNNL_ARG_WEIGHTS, &p->weights);
  add_argument(p, DNNL_ARG_DST, &d.y);
  if (key->words[15]) add_argument(p, DNNL_ARG_BIAS, &d.bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

static Prepared *make_input_gradient(const Key *key) {
  ConvolutionDescs d = convolution_descs(key->words);
  dnnl_primitive_attr_t attr = attributes(false);
  dnnl_primitive_desc_t hint = forward_desc(&d, false, attr), pd;
  dnnl_convolution_desc_t desc;
  CHECK(dnnl_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &d.x, &d.w, &d.y, d.strides,
                                                 d.padStart, d.padEnd));
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, engine, hint));
  Prepared *p = prepared(pd);
  p->weights = *wanted(pd, dnnl_query_weights_md);
  add_argument(p, DNNL_ARG_DIFF_SRC, &d.x);
  add_argument(p, DNNL_ARG_WEIGHTS, &p->weights);
  add_argument(p, DNNL_ARG_DIFF_DST, &d.y);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_desc_destroy(hint));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

static Prepared *make_weight_gradient(const Key *key) {
  ConvolutionDescs d = convolution_descs(key->words);
  dnnl_primitive_attr_t attr = attributes(false);
  dnnl_primitive_desc_t hint = forward_desc(&d, true, attr), pd;
  dnnl_convolution_desc_t desc;
  CHECK(dnnl_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, &d.x, &d.w, &d.bias, &d.y,
                                                    d.strides, d.padStart, d.padEnd));
  CHECK(dnnl_primitive_desc_create(&pd, &desc, attr, engine, hint));
  Prepared *p = prepared(pd);
  p->weights = *wanted(pd, dnnl_query_diff_weights_md);
  p->packed = allocated(&p->weights);
  dnnl_memory_desc_t plain = plain_weights(&p->weights);
  p->unpack = reorder(&p->weights, &plain);
  add_argument(p, DNNL_ARG_SRC, &d.x);
  add_argument(p, DNNL_ARG_DIFF_DST, &d.y);
  add_argument(p, DNNL_ARG_DIFF_WEIGHTS, &p->weights);
  add_argument(p, DNNL_ARG_DIFF_BIAS, &d.bias);
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_desc_destroy(hint));
  CHECK(dnnl_primitive_attr_destroy(attr));
  return p;
}

static void point_weights(Prepared *p, const float *weights, uint64_t frozenID) {
  point(p, DNNL_ARG_WEIGHTS,
        frozenID ? frozen_weights(frozenID, &p->weights, weights) : packed_now(p, weights));
}

void kernels_convolution(const ConvolutionShape *shape, const float *x, const float *weights, uint64_t frozenID,
                         const float *bias, float *y) {
  Key key = convolution_key(2, shape, bias != NULL);
  Prepared *p = find(&key, make_forward);
  point(p, DNNL_ARG_SRC, x);
  point_weights(p, weights, frozenID);
  point(p, DNNL_ARG_DST, y);
  if (bias) point(p, DNNL_ARG_BIAS, bias);
  run(p);
}

void kernels_convolution_input_gradient(const ConvolutionShape *shape, const float *dy, const float *weights,
                                        uint64_t frozenID, float *dx) {
  Key key = convolution_key(3, shape, false);
  Prepared *p = find(&key, make_input_gradient);
  point(p, DNNL_ARG_DIFF_DST, dy);
  point_weights(p, weights, frozenID);
  point(p, DNNL_ARG_DIFF_SRC, dx);
  run(p);
}

void kernels_convolution_weight_gradient(const ConvolutionShape *shape, const float *x, const float *dy,
                                         float *dWeights, float *dBias) {
  Key key = convolution_key(4, shape, true);
  Prepared *p = find(&key, make_weight_gradient);
  point(p, DNNL_ARG_SRC, x);
  point(p, DNNL_ARG_DIFF_DST, dy);
  point(p, DNNL_ARG_DIFF_WEIGHTS, data_of(p->packed));
  point(p, DNNL_ARG_DIFF_BIAS, dBias);
  run(p);
  dnnl_memory_t plain = plain_memory(&p->weights, dWeights);
  run_reorder(p->unpack, p->packed, plain);
  CHECK(dnnl_memory_destroy(plain));
}

void kernels_onednn_version(char *text, size_t size) {
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, size, "%d.%d.%d", v->major, v->minor, v->patch);
}
