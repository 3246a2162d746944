// Which kernels multiply matrices in this process, and what this CPU has.
#include "gemm.h"
#include "onednn.h"

extern const OwnKernels own_avx512, own_avx2, own_portable;

static const char *const names[] = {"avx512", "avx2", "portable", "blas", "onednn"};
enum { PATHS = sizeof names / sizeof *names };

const char *kernels_path_name(KernelsPath path) { return names[path]; }

static bool has_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
#else
  return false;
#endif
}

static bool has_avx512(void) {
#if defined(__x86_64__)
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

bool kernels_has_path(KernelsPath path) {
  switch (path) {
    case KERNELS_AVX512: return has_avx512();
    case KERNELS_AVX2: return has_avx2();
    case KERNELS_BLAS: return blas_kernels() != NULL;
    default: return true;
  }
}

/// Our own where they have vectors to fill: as fast as oneDNN's or faster, with bits that do not depend on the rows
/// computed at once, and safe from signal handlers (docs/decisions/own-gemm.md). OpenBLAS knows CPUs that ours do not.
static KernelsPath usual_path(void) {
  if (has_avx512()) return KERNELS_AVX512;
  if (has_avx2()) return KERNELS_AVX2;
  return blas_kernels() ? KERNELS_BLAS : KERNELS_PORTABLE;
}

KernelsPath kernels_path(void) {
  static _Atomic int known;  // 1 + the path
  if (!known) {
    const char *chosen = getenv("DIVA_KERNELS");
    KernelsPath path = usual_path();
    for (int i = 0; chosen && i < PATHS; i++)
      if (strcmp(chosen, names[i]) == 0 && kernels_has_path((KernelsPath)i)) path = (KernelsPath)i;
    known = 1 + (int)path;
  }
  return (KernelsPath)(known - 1);
}

const OwnKernels *own_kernels_of(KernelsPath path) {
  if (!kernels_has_path(path)) return NULL;
  switch (path) {
#if defined(__x86_64__)
    case KERNELS_AVX512: return &own_avx512;
    case KERNELS_AVX2: return &own_avx2;
#endif
    case KERNELS_PORTABLE: return &own_portable;
    default: return NULL;
  }
}

const OwnKernels *own_kernels(void) {
  static const OwnKernels *_Atomic known;
  static _Atomic bool isKnown;
  if (!isKnown) known = own_kernels_of(kernels_path()), isKnown = true;
  return known;
}

/// Intel's CPUs without AMX take twice as long for the bfloat16 dot product as for Float32, AMD's half as long.
static bool multiplies_bf16_fast(void) {
#if defined(__x86_64__)
  // The bits of a level include those of the levels below.
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  bool hasDot = (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
  bool hasAMX = (isa & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
  return hasDot && (hasAMX || __builtin_cpu_is("amd"));
#else
  return false;
#endif
}

bool kernels_has_bf16(void) {
  KernelsPath path = kernels_path();
  return (path == KERNELS_AVX512 || path == KERNELS_ONEDNN) && multiplies_bf16_fast();
}

bool kernels_multiplies_own(bool bf16) { return own_kernels() != NULL && !(bf16 && kernels_has_bf16()); }
