#pragma once

#include <stdint.h>

// Open MPI 4, found at run time: a program that is started alone does without. Its constants are addresses of the
// library's symbols, so that a program that was compiled for another MPI would not do.
//
// Only the thread that calls openmpi_start() may call what follows it. Functions give 0 or an error for openmpi_describe().

/// Loads the library; NULL when it is there, otherwise why not.
const char *openmpi_open(void);

/// "Open MPI v4.1.4, …", once it is loaded.
const char *openmpi_version(void);

int openmpi_start(int *rank, int *count);
int openmpi_finish(void);

/// Nonblocking, each with a request to wait for; sizes in bytes, messages of a pair of ranks in the order of their calls.
int openmpi_send(const void *bytes, int size, int to, void **request);
int openmpi_receive(void *bytes, int size, int from, void **request);
int openmpi_broadcast(void *bytes, int size, int from, void **request);
/// Every rank gets `size` bytes of each, in order.
int openmpi_gather(const void *bytes, void *all, int size, void **request);
/// Rank i has `sizes[i]` bytes at `all + offsets[i]` and gets those of the others.
int openmpi_gather_pieces(void *all, const int *sizes, const int *offsets, void **request);

/// Whether all requests are done.
int openmpi_test(int count, void **requests, int *done);

/// Room for the text of an error.
#define OPENMPI_TEXT 256
void openmpi_describe(int error, char *text);

/// A descriptor that becomes readable when the process ends; −1 where the system has none.
int process_descriptor(int process);
