// The terminal belongs to the person: it goes back as it was, however the program ends.
// Everything that a handler calls here is async-signal-safe (POSIX.1-2017, 2.4.3).

#include "CNcurses.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { SIGNALS = 65 };

static struct sigaction before[SIGNALS];
static struct termios settings_before;
static bool has_settings;
static char farewell_text[512];
static volatile sig_atomic_t wake = -1, error_output = 2, resized, is_armed;

// Attributes off, cursor on, keypad, mouse and bracketed paste off, synchronized update ended, main screen back.
static const char restore[] =
    "\033[?2026l\033[0m\033[?25h\033[?1l\033>\033[?1002l\033[?1006l\033[?2004l\033[?1049l\r";
// Frees the pictures that the terminal keeps.
static char farewell_pictures[64];

static void write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    count -= (size_t)written;
  }
}

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
// Those that do not end a program by default.
static const int harmless[] = {SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH};

static bool is_among(const int *numbers, size_t bytes, int number) {
  for (size_t i = 0; i < bytes / sizeof *numbers; i++)
    if (numbers[i] == number) return true;
  return false;
}

static bool is_crash(int number) { return is_among(crashes, sizeof crashes, number); }
static bool ends_by_default(int number) { return !is_among(harmless, sizeof harmless, number); }

void guard_restore(void) {
  if (!is_armed) return;
  is_armed = 0;
  write_all(STDOUT_FILENO, farewell_pictures, strlen(farewell_pictures));
  write_all(STDOUT_FILENO, restore, sizeof restore - 1);
  if (has_settings) tcsetattr(STDIN_FILENO, TCSANOW, &settings_before);
  dup2(error_output, STDERR_FILENO);
}

static void died(int number) {
  bool was_armed = is_armed;
  guard_restore();
  if (was_armed && is_crash(number)) write_all(STDERR_FILENO, farewell_text, strlen(farewell_text));
  // Swift's runtime would hold the terminal for its backtrace, half a minute long if nobody presses a key.
  if (was_armed) signal(number, SIG_DFL);
  else sigaction(number, &before[number], NULL);
  raise(number);
}

static void resize(int number) {
  (void)number;
  int saved = errno;
  resized = 1;
  if (wake >= 0) write_all(wake, "!", 1);
  errno = saved;
}

void guard_arm(int wake_descriptor, int error_descriptor, const char *farewell) {
  wake = wake_descriptor;
  error_output = error_descriptor;
  strncpy(farewell_text, farewell, sizeof farewell_text - 1);
  has_settings = tcgetattr(STDIN_FILENO, &settings_before) == 0;
  is_armed = 1;

  struct sigaction death = {.sa_handler = died, .sa_flags = SA_ONSTACK};
  struct sigaction window = {.sa_handler = resize, .sa_flags = SA_ONSTACK};
  sigemptyset(&death.sa_mask);
  sigemptyset(&window.sa_mask);
  for (int i = 1; i < SIGNALS; i++) {
    sigaction(i, NULL, &before[i]);
    // A handler of somebody else's, a profiler's for example, does not end the program.
    bool is_taken = before[i].sa_flags & SA_SIGINFO || before[i].sa_handler != SIG_DFL;
    // Swift's runtime takes this one on a terminal, to print where the program is.
    if (i == SIGQUIT) is_taken = before[i].sa_handler == SIG_IGN;
    if (is_crash(i) || (ends_by_default(i) && !is_taken)) sigaction(i, &death, NULL);
  }
  sigaction(SIGWINCH, &window, NULL);
  // The handlers of curses are for the thread that draws.
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGWINCH);
  sigaddset(&wanted, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
}

void guard_free_pictures(const char *command) {
  strncpy(farewell_pictures, command, sizeof farewell_pictures - 1);
}

void guard_disarm(void) {
  if (!is_armed) return;
  is_armed = 0;
  for (int i = 1; i < SIGNALS; i++)
    if (is_crash(i) || ends_by_default(i) || i == SIGWINCH) sigaction(i, &before[i], NULL);
}

bool guard_take_resize(void) {
  bool was = resized;
  resized = 0;
  return was;
}
