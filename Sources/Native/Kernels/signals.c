// A thread that computes must not run signal handlers: code that oneDNN compiles for products points the stack register
// into the heap, where a handler's frame would overwrite numbers (oneDNN issue 4845).
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

// Raised by what a thread itself does: they must reach it. Those of job control stop the program and run no handler;
// where they are blocked a background program would read from the terminal and change its settings.
static const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGTTIN, SIGTTOU};

void kernels_shield_thread(void) {
  sigset_t blocked;
  sigfillset(&blocked);
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) sigdelset(&blocked, kept[i]);
  pthread_sigmask(SIG_BLOCK, &blocked, NULL);
  // A stack that overflowed cannot run the handler either. One stack a thread, which keeps it to its end.
  enum { SIZE = 1 << 16 };
  stack_t own = {.ss_sp = malloc(SIZE), .ss_size = SIZE};
  if (own.ss_sp) sigaltstack(&own, NULL);
}

const char *kernels_signal_name(int number) { return sigabbrev_np(number); }
