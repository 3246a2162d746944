// One pool of threads for the whole process. Workers spin for a moment after a job, since the next one of a training
// step is microseconds away, then sleep, so that an idle program costs nothing. The caller never waits for a worker
// that has not begun: a starved core costs its share of the work and no more.
//
// Each thread begins with a share of its own, the same part of every job: ops cut their rows in the same order, so that
// a core finds in its own cache what it wrote in the op before. What another core wrote comes at the speed of memory.
// A thread that has finished its share takes from the end of another's.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kernels.h"

enum { MAX_THREADS = 256, SPINS = 4000 };

static pthread_mutex_t caller_lock = PTHREAD_MUTEX_INITIALIZER;  // one job at a time
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static _Thread_local bool inside_job;

// The fields of a job change only while it is closed and no worker is inside.
static struct {
  void (*body)(void *, int64_t);
  void *context;
  int64_t count;
  int shares;
  _Atomic bool open;
  _Atomic int inside;
  _Atomic uint64_t round;  // rises by one with every job
} job;

// The items of a share that are left, first in the upper half and end in the lower: one word, so that its thread and
// one that helps never take the same item. A share has a cache line, and the neighbour that is fetched with it.
static struct {
  _Alignas(128) _Atomic uint64_t left;
} share[MAX_THREADS];

static _Atomic int wanted_threads = 1;
static int started_workers;
static uint64_t first_round[MAX_THREADS];

static void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static uint64_t items(uint64_t first, uint64_t end) { return first << 32 | end; }

/// An item of a share, its first or its last one; -1 where none is left.
static int64_t take_item(int of, bool last) {
  uint64_t left = atomic_load_explicit(&share[of].left, memory_order_relaxed), remaining;
  uint64_t first, end;
  do {
    first = left >> 32, end = left & UINT32_MAX;
    if (first >= end) return -1;
    remaining = last ? items(first, end - 1) : items(first + 1, end);
  } while (!atomic_compare_exchange_weak_explicit(&share[of].left, &left, remaining, memory_order_relaxed,
                                                  memory_order_relaxed));
  return (int64_t)(last ? end - 1 : first);
}

/// Works off the share of a thread, then the ends of the others'.
static void take_items(int thread) {
  int64_t i;
  for (int other = 0; other < job.shares; other++) {
    int of = (thread + other) % job.shares;
    while ((i = take_item(of, other > 0)) >= 0) job.body(job.context, i);
  }
}

static void share_items(void) {
  uint64_t count = (uint64_t)job.count, shares = (uint64_t)job.shares;
  for (uint64_t s = 0; s < shares; s++)
    atomic_store_explicit(&share[s].left, items(count * s / shares, count * (s + 1) / shares), memory_order_relaxed);
}

static uint64_t wait_for_round_after(uint64_t seen) {
  for (int i = 0; i < SPINS; i++) {
    uint64_t round = atomic_load_explicit(&job.round, memory_order_acquire);
    if (round != seen) return round;
    rest();
  }
  pthread_mutex_lock(&sleep_lock);
  while (atomic_load(&job.round) == seen) pthread_cond_wait(&wake, &sleep_lock);
  pthread_mutex_unlock(&sleep_lock);
  return atomic_load(&job.round);
}

static void *work(void *argument) {
  int index = (int)(intptr_t)argument;
  uint64_t seen = first_round[index];
  inside_job = true;
  kernels_shield_thread();
  for (;;) {
    seen = wait_for_round_after(seen);
    atomic_fetch_add(&job.inside, 1);
    if (atomic_load(&job.open) && index + 1 < job.shares) take_items(index + 1);
    atomic_fetch_sub(&job.inside, 1);
  }
  return NULL;
}

static void start_workers(int workers) {
  while (started_workers < workers) {
    first_round[started_workers] = atomic_load(&job.round);
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void *)(intptr_t)started_workers) != 0) return;
    pthread_detach(thread);
    started_workers++;
  }
}

void kernels_set_threads(int threads) {
  atomic_store(&wanted_threads, threads < 1 ? 1 : (threads > MAX_THREADS ? MAX_THREADS : threads));
}

int kernels_allowed_cores(void) {
  enum { CORES = 1 << 16 };
  cpu_set_t *set = CPU_ALLOC(CORES);
  size_t size = CPU_ALLOC_SIZE(CORES);
  int count = set && sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
  CPU_FREE(set);
  return count;
}

int kernels_threads(void) { return atomic_load(&wanted_threads); }

void kernels_parallel(int64_t count, void (*body)(void *, int64_t), void *context) {
  int threads = atomic_load(&wanted_threads);
  bool alone = inside_job || count < 2 || threads < 2 || count > UINT32_MAX;
  // A second caller works by itself instead of waiting for the pool.
  if (alone || pthread_mutex_trylock(&caller_lock) != 0) {
    for (int64_t i = 0; i < count; i++) body(context, i);
    return;
  }
  start_workers(threads - 1);
  inside_job = true;
  job.body = body;
  job.context = context;
  job.count = count;
  job.shares = threads;
  share_items();
  atomic_store(&job.open, true);
  pthread_mutex_lock(&sleep_lock);
  atomic_fetch_add(&job.round, 1);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&sleep_lock);
  take_items(0);
  atomic_store(&job.open, false);
  while (atomic_load(&job.inside) > 0) rest();
  inside_job = false;
  pthread_mutex_unlock(&caller_lock);
}
