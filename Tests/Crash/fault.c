// A preload library that makes one call on the files of a run fail, or kills the process there.
//
//   FAULT_ROOT   the run's folder: only calls below it count
//   FAULT_TRACE  a file that gets a line for each such call: "write log.jsonl"
//   FAULT_CALL   the call to spoil, as the trace names it; FAULT_NUMBER its occurrence, from 1 on
//   FAULT_ROOM   bytes that can be written below the root; then every write ends with ENOSPC, the first that does not fit is cut
//   FAULT_MODE   EIO, ENOSPC, full (ENOSPC for every write from there on), short, before, after (killed before or after the call)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int occurrences, is_full;

// The path below the root without ".PID.tmp"; NULL for other files.
static const char *relative(const char *path, char *out) {
  const char *root = getenv("FAULT_ROOT");
  size_t length = root ? strlen(root) : 0;
  if (length == 0 || strncmp(path, root, length) != 0 || (path[length] != 0 && path[length] != '/' && path[length] != '.')) return NULL;
  const char *from = path + length;
  if (*from == '/') from++;
  char *to = out;
  while (*from) {
    int digits = 0;
    if (*from == '.' && sscanf(from, ".%*d.tmp%n", &digits) == 0 && digits > 0) { from += digits; continue; }
    *to++ = *from++;
  }
  *to = 0;
  // Its name holds the time.
  if (strstr(out, "tfevents")) strcpy(out, "events");
  return out;
}

static const char *relative_of(int descriptor, char *out) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t count = readlink(link, path, sizeof path - 1);
  if (count <= 0) return NULL;
  path[count] = 0;
  return relative(path, out);
}

enum fate { pass, fail, cut, die_after };

// Notes the call and says what becomes of it; errno is set for a failure.
static enum fate fate_of(const char *call, const char *file) {
  if (!file) return pass;
  char name[PATH_MAX + 32];
  snprintf(name, sizeof name, "%s %s", call, *file ? file : ".");
  pthread_mutex_lock(&lock);
  const char *trace = getenv("FAULT_TRACE"), *wanted = getenv("FAULT_CALL"), *mode = getenv("FAULT_MODE");
  int isWanted = wanted && strcmp(wanted, name) == 0 && ++occurrences == atoi(getenv("FAULT_NUMBER"));
  if (trace) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s%s\n", isWanted ? "HIT " : "", name);
    int file = REAL(open)(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file >= 0) { (void)!REAL(write)(file, line, length); REAL(close)(file); }
  }
  enum fate fate = pass;
  if (is_full && (strcmp(call, "write") == 0 || strcmp(call, "create") == 0)) { errno = ENOSPC; fate = fail; }
  if (isWanted && mode) {
    if (strcmp(mode, "before") == 0) kill(getpid(), SIGKILL);
    else if (strcmp(mode, "after") == 0) fate = die_after;
    else if (strcmp(mode, "short") == 0) fate = cut;
    else { is_full = strcmp(mode, "full") == 0; errno = strcmp(mode, "EIO") == 0 ? EIO : ENOSPC; fate = fail; }
  }
  pthread_mutex_unlock(&lock);
  return fate;
}

#define AFTER(fate, result) do { if ((fate) == die_after) kill(getpid(), SIGKILL); return result; } while (0)

// How much of a write still has room.
static size_t room_for(size_t count) {
  static long long left = -1;
  const char *room = getenv("FAULT_ROOM");
  if (!room) return count;
  pthread_mutex_lock(&lock);
  if (left < 0) left = atoll(room);
  if (count > (size_t)left) count = left;
  left -= count;
  pthread_mutex_unlock(&lock);
  return count;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  char path[PATH_MAX];
  const char *file = relative_of(descriptor, path);
  enum fate fate = fate_of("write", file);
  if (fate == fail) return -1;
  size_t fitting = file ? room_for(count) : count;
  if (fitting == 0 && count > 0) { errno = ENOSPC; return -1; }
  ssize_t result = REAL(write)(descriptor, bytes, fate == cut ? fitting / 2 : fitting);
  AFTER(fate, result);
}

int fsync(int descriptor) {
  char path[PATH_MAX];
  enum fate fate = fate_of("fsync", relative_of(descriptor, path));
  if (fate == fail) return -1;
  int result = REAL(fsync)(descriptor);
  AFTER(fate, result);
}

int ftruncate(int descriptor, off_t size) {
  char path[PATH_MAX];
  enum fate fate = fate_of("truncate", relative_of(descriptor, path));
  if (fate == fail) return -1;
  int result = REAL(ftruncate)(descriptor, size);
  AFTER(fate, result);
}

int close(int descriptor) {
  char path[PATH_MAX];
  int isWritten = (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY;
  enum fate fate = isWritten ? fate_of("close", relative_of(descriptor, path)) : pass;
  int reason = errno, result = REAL(close)(descriptor);
  if (fate == fail) { errno = reason; return -1; }
  AFTER(fate, result);
}

int rename(const char *from, const char *to) {
  char path[PATH_MAX];
  enum fate fate = fate_of("rename", relative(to, path));
  if (fate == fail) return -1;
  int result = REAL(rename)(from, to);
  AFTER(fate, result);
}

int unlink(const char *name) {
  char path[PATH_MAX];
  enum fate fate = fate_of("unlink", relative(name, path));
  if (fate == fail) return -1;
  int result = REAL(unlink)(name);
  AFTER(fate, result);
}

int mkdir(const char *name, mode_t mode) {
  char path[PATH_MAX];
  enum fate fate = fate_of("mkdir", relative(name, path));
  if (fate == fail) return -1;
  int result = REAL(mkdir)(name, mode);
  AFTER(fate, result);
}

#define OPEN(name)                                                                    \
  int name(const char *file, int flags, ...) {                                        \
    va_list rest;                                                                     \
    va_start(rest, flags);                                                            \
    int mode = va_arg(rest, int);                                                     \
    va_end(rest);                                                                     \
    char path[PATH_MAX];                                                              \
    enum fate fate = flags & O_CREAT ? fate_of("create", relative(file, path)) : pass; \
    if (fate == fail) return -1;                                                      \
    int result = REAL(name)(file, flags, mode);                                       \
    AFTER(fate, result);                                                              \
  }
OPEN(open)
OPEN(open64)
