// A preload library that does what a profiler does: SIGPROF every 250 µs of processor time, with a handler that is empty.
#include <signal.h>
#include <sys/time.h>

static void nothing(int number) { (void)number; }

__attribute__((constructor)) static void begin(void) {
  struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  struct itimerval often = {{0, 250}, {0, 250}};
  sigaction(SIGPROF, &action, 0);
  setitimer(ITIMER_PROF, &often, 0);
}
