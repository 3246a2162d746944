// The terminal belongs to the person: it goes back as it was, however the program ends.
// Everything that a handler calls here is async-signal-safe (POSIX.1-2017, 2.4.3).

#include "CNcurses.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
static const int notes[] = {SIGTERM, SIGHUP, SIGINT, SIGWINCH};
enum { crash_count = sizeof crashes / sizeof *crashes, note_count = sizeof notes / sizeof *notes };

static struct sigaction crashes_before[crash_count], notes_before[note_count];
static struct termios settings_before;
static bool has_settings;
static char farewell_text[512];
static volatile sig_atomic_t wake = -1, error_output = 2, ending, resized, is_armed;

// Attributes off, cursor on, keypad and bracketed modes off, synchronized update ended, main screen back.
static const char restore[] = "\033[?2026l\033[0m\033[?25h\033[?1l\033>\033[?1049l\r";

static void write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    count -= (size_t)written;
  }
}

static void crashed(int number, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  if (is_armed) {
    is_armed = 0;
    write_all(STDOUT_FILENO, restore, sizeof restore - 1);
    if (has_settings) tcsetattr(STDIN_FILENO, TCSANOW, &settings_before);
    dup2(error_output, STDERR_FILENO);
    write_all(STDERR_FILENO, farewell_text, strlen(farewell_text));
  }
  for (int i = 0; i < crash_count; i++)
    if (crashes[i] == number) sigaction(number, &crashes_before[i], NULL);
  raise(number);
}

static void noted(int number) {
  int saved = errno;
  if (number == SIGWINCH) {
    resized = 1;
  } else {
    ending = number;
  }
  if (wake >= 0) write_all(wake, "!", 1);
  errno = saved;
}

void guard_arm(int wake_descriptor, int error_descriptor, const char *farewell) {
  wake = wake_descriptor;
  error_output = error_descriptor;
  strncpy(farewell_text, farewell, sizeof farewell_text - 1);
  has_settings = tcgetattr(STDIN_FILENO, &settings_before) == 0;
  is_armed = 1;

  // A stack that overflowed cannot run its own handler.
  static char spare_stack[1 << 16];
  stack_t spare = {.ss_sp = spare_stack, .ss_size = sizeof spare_stack};
  sigaltstack(&spare, NULL);

  struct sigaction crash = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&crash.sa_mask);
  for (int i = 0; i < crash_count; i++) sigaction(crashes[i], &crash, &crashes_before[i]);
  struct sigaction note = {.sa_handler = noted};
  sigemptyset(&note.sa_mask);
  for (int i = 0; i < note_count; i++) sigaction(notes[i], &note, &notes_before[i]);
  // Whoever started the program may have had these blocked; then no hang-up would ever end it.
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int i = 0; i < note_count; i++) sigaddset(&wanted, notes[i]);
  pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
}

void guard_disarm(void) {
  if (!is_armed) return;
  is_armed = 0;
  for (int i = 0; i < crash_count; i++) sigaction(crashes[i], &crashes_before[i], NULL);
  for (int i = 0; i < note_count; i++) sigaction(notes[i], &notes_before[i], NULL);
}

int guard_take_ending(void) {
  int number = ending;
  ending = 0;
  return number;
}

bool guard_take_resize(void) {
  bool was = resized;
  resized = 0;
  return was;
}
