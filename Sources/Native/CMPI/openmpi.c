#define _GNU_SOURCE
#include "openmpi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

// As mpi.h of Open MPI 4 has them.
typedef void *Communicator, *Type, *Handler;
enum { FUNNELED = 1, LONGEST_VERSION = 256 };
static void *const in_place = (void *)1;

static struct {
  int (*init)(int *, char ***, int, int *);
  int (*finalize)(void);
  int (*rank)(Communicator, int *);
  int (*size)(Communicator, int *);
  int (*set_handler)(Communicator, Handler);
  int (*version)(char *, int *);
  int (*error_string)(int, char *, int *);
  int (*isend)(const void *, int, Type, int, int, Communicator, void **);
  int (*irecv)(void *, int, Type, int, int, Communicator, void **);
  int (*ibcast)(void *, int, Type, int, Communicator, void **);
  int (*iallgather)(const void *, int, Type, void *, int, Type, Communicator, void **);
  int (*iallgatherv)(const void *, int, Type, void *, const int *, const int *, Type, Communicator, void **);
  int (*testall)(int, void **, int *, void *);
  Communicator world;
  Type byte;
  Handler returns;
} mpi;

static char version[LONGEST_VERSION];

static const char *find(void) {
  static char reason[512];
  void *library = dlopen("libmpi.so.40", RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    snprintf(reason, sizeof reason, "%s", dlerror());
    return reason;
  }
  const struct {
    const char *name;
    void **place;
  } symbols[] = {
      {"MPI_Init_thread", (void **)&mpi.init},
      {"MPI_Finalize", (void **)&mpi.finalize},
      {"MPI_Comm_rank", (void **)&mpi.rank},
      {"MPI_Comm_size", (void **)&mpi.size},
      {"MPI_Comm_set_errhandler", (void **)&mpi.set_handler},
      {"MPI_Get_library_version", (void **)&mpi.version},
      {"MPI_Error_string", (void **)&mpi.error_string},
      {"MPI_Isend", (void **)&mpi.isend},
      {"MPI_Irecv", (void **)&mpi.irecv},
      {"MPI_Ibcast", (void **)&mpi.ibcast},
      {"MPI_Iallgather", (void **)&mpi.iallgather},
      {"MPI_Iallgatherv", (void **)&mpi.iallgatherv},
      {"MPI_Testall", (void **)&mpi.testall},
      {"ompi_mpi_comm_world", &mpi.world},
      {"ompi_mpi_byte", &mpi.byte},
      {"ompi_mpi_errors_return", &mpi.returns},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    if ((*symbols[i].place = dlsym(library, symbols[i].name))) continue;
    snprintf(reason, sizeof reason, "libmpi.so.40 has no %s", symbols[i].name);
    return reason;
  }
  int length;
  mpi.version(version, &length);
  return NULL;
}

const char *openmpi_open(void) {
  static int searched;
  static const char *reason;
  if (!searched) reason = find();
  searched = 1;
  return reason;
}

const char *openmpi_version(void) { return version; }

int openmpi_start(int *rank, int *count) {
  int level, error = mpi.init(NULL, NULL, FUNNELED, &level);
  if (!error) error = mpi.set_handler(mpi.world, mpi.returns);
  if (!error) error = mpi.rank(mpi.world, rank);
  return error ? error : mpi.size(mpi.world, count);
}

int openmpi_finish(void) { return mpi.finalize(); }

int openmpi_send(const void *bytes, int size, int to, void **request) {
  return mpi.isend(bytes, size, mpi.byte, to, 0, mpi.world, request);
}

int openmpi_receive(void *bytes, int size, int from, void **request) {
  return mpi.irecv(bytes, size, mpi.byte, from, 0, mpi.world, request);
}

int openmpi_broadcast(void *bytes, int size, int from, void **request) {
  return mpi.ibcast(bytes, size, mpi.byte, from, mpi.world, request);
}

int openmpi_gather(const void *bytes, void *all, int size, void **request) {
  return mpi.iallgather(bytes, size, mpi.byte, all, size, mpi.byte, mpi.world, request);
}

int openmpi_gather_pieces(void *all, const int *sizes, const int *offsets, void **request) {
  return mpi.iallgatherv(in_place, 0, mpi.byte, all, sizes, offsets, mpi.byte, mpi.world, request);
}

int openmpi_test(int count, void **requests, int *done) { return mpi.testall(count, requests, done, NULL); }

void openmpi_describe(int error, char *text) {
  int length = 0;
  mpi.error_string(error, text, &length);
}

int process_descriptor(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }
