// Primitives of oneDNN 2.x, one thread a call: the pool in pool.c does the splitting.
//
// Making a primitive compiles code (0.1–1.4 ms), running it costs about a microsecond, so each thread keeps what it
// made, by shape. A shape's convolution needs its weights in a layout of its own; frozen weights are packed once for
// all threads, trained ones at every call.
#define _GNU_SOURCE
#include "onednn.h"

#include <dlfcn.h>
#include <pthread.h>

void onednn_check(dnnl_status_t status, const char *call) {
  if (status == dnnl_success) return;
  fprintf(stderr, "oneDNN failed with status %d in %s\n", (int)status, call);
  abort();
}

dnnl_engine_t onednn_engine;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static _Thread_local dnnl_stream_t stream;

static void make_engine(void) { CHECK(dnnl_engine_create(&onednn_engine, dnnl_cpu, 0)); }

static void prepare_thread(void) {
  if (stream) return;
  pthread_once(&engine_once, make_engine);
  // Debian's oneDNN brings OpenMP; a second pool beside ours would only fight it for the cores.
  void (*set_threads)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_threads) set_threads(1);
  CHECK(dnnl_stream_create(&stream, onednn_engine, dnnl_stream_default_flags));
}

// ---- Prepared primitives, by shape ------------------------------------------------------------------------------

typedef struct {
  Prepared **slots;
  int64_t capacity, count;
} Table;

static _Thread_local Table table;
static _Thread_local void *scratch;
static _Thread_local size_t scratch_size;

static uint64_t hash(const Key *key) {
  uint64_t words[sizeof *key / 8], h = 0x9E3779B97F4A7C15u;
  memcpy(words, key, sizeof words);
  for (size_t i = 0; i < sizeof words / 8; i++) {
    h = (h ^ words[i]) * 0xBF58476D1CE4E5B9u;
    h ^= h >> 29;
  }
  return h;
}

static Prepared **slot_for(Table *t, const Key *key) {
  uint64_t at = hash(key);
  for (;; at++) {
    Prepared **slot = &t->slots[at & (uint64_t)(t->capacity - 1)];
    if (!*slot || memcmp(&(*slot)->key, key, sizeof *key) == 0) return slot;
  }
}

static void grow(Table *t) {
  int64_t capacity = t->capacity ? 2 * t->capacity : 256;
  Table wider = {checked(calloc((size_t)capacity, sizeof(Prepared *))), capacity, t->count};
  for (int64_t i = 0; i < t->capacity; i++)
    if (t->slots[i]) *slot_for(&wider, &t->slots[i]->key) = t->slots[i];
  free(t->slots);
  *t = wider;
}

Prepared *onednn_find(const Key *key, Prepared *(*make)(const Key *)) {
  prepare_thread();
  if (2 * table.count >= table.capacity) grow(&table);
  Prepared *found = *slot_for(&table, key);
  if (found) return found;
  Prepared *made = make(key);
  made->key = *key;
  // Making one may have looked for others, and so have moved the table.
  if (2 * table.count >= table.capacity) grow(&table);
  *slot_for(&table, key) = made;
  table.count++;
  return made;
}

static dnnl_memory_t memory_for(const dnnl_memory_desc_t *md) {
  dnnl_memory_t memory;
  CHECK(dnnl_memory_create(&memory, md, onednn_engine, DNNL_MEMORY_NONE));
  return memory;
}

void onednn_add_argument(Prepared *p, int name, const dnnl_memory_desc_t *md) {
  p->argument[p->arguments++] = (dnnl_exec_arg_t){name, memory_for(md)};
}

const dnnl_memory_desc_t *onednn_wanted(const_dnnl_primitive_desc_t pd, dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(pd, what, 0);
}

dnnl_primitive_attr_t onednn_attributes(bool accumulate) {
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

Prepared *onednn_prepared(dnnl_primitive_desc_t pd) {
  Prepared *p = checked(calloc(1, sizeof *p));
  CHECK(dnnl_primitive_create(&p->primitive, pd));
  const dnnl_memory_desc_t *md = onednn_wanted(pd, dnnl_query_scratchpad_md);
  size_t size = md ? dnnl_memory_desc_get_size(md) : 0;
  if (size > scratch_size) {
    free(scratch);
    scratch = checked(aligned_alloc(64, (size + 63) & ~(size_t)63));
    scratch_size = size;
  }
  if (size) onednn_add_argument(p, DNNL_ARG_SCRATCHPAD, md);
  return p;
}

void onednn_point(Prepared *p, int name, const void *data) {
  for (int i = 0; i < p->arguments; i++)
    if (p->argument[i].arg == name) CHECK(dnnl_memory_set_data_handle(p->argument[i].memory, (void *)(uintptr_t)data));
}

void onednn_run(Prepared *p) {
  onednn_point(p, DNNL_ARG_SCRATCHPAD, scratch);
  CHECK(dnnl_primitive_execute(p->primitive, stream, p->arguments, p->argument));
}

// ---- Weights in a primitive's own layout -------------------------------------------------------------------------

typedef struct PackedWeights {
  uint64_t frozenID;
  dnnl_memory_desc_t layout;
  dnnl_memory_t memory;
  struct PackedWeights *next;
} PackedWeights;

enum { PACK_BUCKETS = 1024 };
static PackedWeights *packs[PACK_BUCKETS];
static pthread_rwlock_t pack_lock = PTHREAD_RWLOCK_INITIALIZER;

static PackedWeights *find_packed(uint64_t id, const dnnl_memory_desc_t *layout) {
  for (PackedWeights *p = packs[id % PACK_BUCKETS]; p; p = p->next)
    if (p->frozenID == id && dnnl_memory_desc_equal(&p->layout, layout)) return p;
  return NULL;
}

dnnl_primitive_t onednn_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_desc_t pd;
  dnnl_primitive_t primitive;
  CHECK(dnnl_reorder_primitive_desc_create(&pd, from, onednn_engine, to, onednn_engine, NULL));
  CHECK(dnnl_primitive_create(&primitive, pd));
  CHECK(dnnl_primitive_desc_destroy(pd));
  return primitive;
}

void onednn_run_reorder(dnnl_primitive_t primitive, dnnl_memory_t from, dnnl_memory_t to) {
  dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  CHECK(dnnl_primitive_execute(primitive, stream, 2, args));
}

dnnl_memory_t onednn_allocated(const dnnl_memory_desc_t *md) {
  dnnl_memory_t memory;
  CHECK(dnnl_memory_create(&memory, md, onednn_engine, DNNL_MEMORY_ALLOCATE));
  return memory;
}

dnnl_memory_t onednn_memory_at(const dnnl_memory_desc_t *md, const void *data) {
  dnnl_memory_t memory;
  CHECK(dnnl_memory_create(&memory, md, onednn_engine, (void *)(uintptr_t)data));
  return memory;
}

Prepared *onednn_prepared_copy(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  Prepared *p = checked(calloc(1, sizeof *p));
  p->primitive = onednn_reorder(from, to);
  onednn_add_argument(p, DNNL_ARG_FROM, from);
  onednn_add_argument(p, DNNL_ARG_TO, to);
  return p;
}

void onednn_copy(const dnnl_memory_desc_t *from, const void *source, const dnnl_memory_desc_t *to, void *target) {
  prepare_thread();
  dnnl_memory_t here = onednn_memory_at(from, source), there = onednn_memory_at(to, target);
  dnnl_primitive_t primitive = onednn_reorder(from, to);
  onednn_run_reorder(primitive, here, there);
  CHECK(dnnl_primitive_destroy(primitive));
  CHECK(dnnl_memory_destroy(here));
  CHECK(dnnl_memory_destroy(there));
}

static PackedWeights *pack_frozen(uint64_t id, const dnnl_memory_desc_t *layout, const dnnl_memory_desc_t *plain,
                           const void *weights) {
  PackedWeights *p = checked(calloc(1, sizeof *p));
  *p = (PackedWeights){id, *layout, onednn_allocated(layout), packs[id % PACK_BUCKETS]};
  void *data;
  CHECK(dnnl_memory_get_data_handle(p->memory, &data));
  onednn_copy(plain, weights, layout, data);
  return packs[id % PACK_BUCKETS] = p;
}

const void *onednn_data(dnnl_memory_t memory) {
  void *data;
  CHECK(dnnl_memory_get_data_handle(memory, &data));
  return data;
}

static const void *frozen_weights(uint64_t id, const dnnl_memory_desc_t *layout, const dnnl_memory_desc_t *plain,
                                  const void *weights) {
  pthread_rwlock_rdlock(&pack_lock);
  PackedWeights *p = find_packed(id, layout);
  pthread_rwlock_unlock(&pack_lock);
  if (!p) {
    pthread_rwlock_wrlock(&pack_lock);
    p = find_packed(id, layout);
    if (!p) p = pack_frozen(id, layout, plain, weights);
    pthread_rwlock_unlock(&pack_lock);
  }
  return onednn_data(p->memory);
}

static const void *packed_now(Prepared *p, const dnnl_memory_desc_t *plain, const void *weights) {
  if (!p->pack) {
    p->pack = onednn_reorder(plain, &p->weights);
    p->packed = onednn_allocated(&p->weights);
  }
  dnnl_memory_t from = onednn_memory_at(plain, weights);
  onednn_run_reorder(p->pack, from, p->packed);
  CHECK(dnnl_memory_destroy(from));
  return onednn_data(p->packed);
}

void onednn_point_weights(Prepared *p, const dnnl_memory_desc_t *plain, const void *weights, uint64_t frozenID) {
  onednn_point(p, DNNL_ARG_WEIGHTS,
               frozenID ? frozen_weights(frozenID, &p->weights, plain, weights) : packed_now(p, plain, weights));
}

void kernels_forget_weights(uint64_t frozenID) {
  pthread_rwlock_wrlock(&pack_lock);
  for (PackedWeights **at = &packs[frozenID % PACK_BUCKETS]; *at;) {
    PackedWeights *p = *at;
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

void kernels_onednn_version(char *text, size_t size) {
  const dnnl_version_t *v = dnnl_version();
  snprintf(text, size, "%d.%d.%d", v->major, v->minor, v->patch);
}
