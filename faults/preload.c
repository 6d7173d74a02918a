/* Counts what a process does to files below a folder, and ends or refuses it at the n-th time.
 *
 * Loaded before the C library (LD_PRELOAD), so that it sees NumPy, orbax and TensorStore as well as
 * Python. `fault_arm` starts it; until then everything passes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, KILL, TEAR, REFUSE };

static char below[PATH_MAX];
static atomic_long done;
static long at = -1;
static int mode = COUNT, refusal = EIO, log_to = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void fault_arm(const char *folder, long n, int what, int error, int log) {
  strncpy(below, folder, sizeof below - 1);
  mode = what, refusal = error, log_to = log;
  atomic_store(&done, 0);
  at = n;
}

long fault_count(void) { return atomic_load(&done); }

static void path_of(int directory, const char *name, char *path) {
  if (name != NULL && name[0] == '/') {
    snprintf(path, PATH_MAX, "%s", name);
    return;
  }
  char link[64], folder[PATH_MAX / 2] = "";
  if (directory == AT_FDCWD)
    snprintf(link, sizeof link, "/proc/self/cwd");
  else
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  ssize_t length = readlink(link, folder, sizeof folder - 1);
  folder[length > 0 ? length : 0] = 0;
  snprintf(path, PATH_MAX, name ? "%s/%s" : "%s", folder, name);
}

/* A full disk still removes files, and permission is asked for when a file is opened. */
static int refuses(const char *what) {
  if (refusal == ENOSPC) return !strstr(what, "unlink") && !strstr(what, "rmdir");
  return !strstr(what, "write") && !strstr(what, "sync") && !strstr(what, "truncate");
}

static void die(void) { kill(getpid(), SIGKILL); }

/* Counts one operation. 0: go on; 1: tear it, then die; -1: it is refused. */
static int reached(const char *what, int directory, const char *name) {
  if (at < 0) return 0;
  int before = errno;
  char path[PATH_MAX];
  path_of(directory, name, path);
  errno = before;
  if (strncmp(path, below, strlen(below)) != 0) return 0;
  long number = atomic_fetch_add(&done, 1) + 1;
  if (log_to >= 0) dprintf(log_to, "%ld %s %s\n", number, what, path + strlen(below));
  if (mode == REFUSE && number >= at && refuses(what)) {
    errno = refusal;
    return -1;
  }
  if (number != at) return 0;
  if (mode == TEAR && strstr(what, "write")) return 1;
  if (mode == KILL || mode == TEAR) die();
  return 0;
}

#define WRAP(type, name, parameters, arguments, directory, path) \
  type name parameters {                                         \
    if (reached(#name, directory, path) < 0) return -1;          \
    return REAL(name) arguments;                                 \
  }

#define WRAP_OPEN(name, parameters, arguments, directory)         \
  int name parameters {                                            \
    va_list rest;                                                  \
    va_start(rest, flags);                                         \
    mode_t permissions = va_arg(rest, mode_t);                     \
    va_end(rest);                                                  \
    int makes = flags & (O_CREAT | O_TRUNC);                       \
    if (makes && reached("open", directory, path) < 0) return -1;  \
    return REAL(name) arguments;                                   \
  }

/* A torn write: the first half of the bytes is written. */
#define WRAP_WRITE(name, parameters, arguments, half) \
  ssize_t name parameters {                           \
    int fault = reached(#name, file, NULL);           \
    if (fault < 0) return -1;                         \
    if (fault == 0) return REAL(name) arguments;      \
    half;                                             \
    die();                                            \
    return -1;                                        \
  }

#define PATH const char *path, int flags, ...
#define BYTES int file, const void *data, size_t size
#define PARTS int file, const struct iovec *parts, int count
#define FIRST_HALF parts[0].iov_base, parts[0].iov_len / 2

WRAP_OPEN(open, (PATH), (path, flags, permissions), AT_FDCWD)
WRAP_OPEN(open64, (PATH), (path, flags, permissions), AT_FDCWD)
WRAP_OPEN(openat, (int folder, PATH), (folder, path, flags, permissions), folder)
WRAP_OPEN(openat64, (int folder, PATH), (folder, path, flags, permissions), folder)
WRAP_WRITE(write, (BYTES), (file, data, size), REAL(write)(file, data, size / 2))
WRAP_WRITE(pwrite, (BYTES, off_t offset), (file, data, size, offset),
           REAL(write)(file, data, size / 2))
WRAP_WRITE(pwrite64, (BYTES, off64_t offset), (file, data, size, offset),
           REAL(write)(file, data, size / 2))
WRAP_WRITE(writev, (PARTS), (file, parts, count), REAL(write)(file, FIRST_HALF))
WRAP_WRITE(pwritev, (PARTS, off_t offset), (file, parts, count, offset),
           REAL(write)(file, FIRST_HALF))
WRAP_WRITE(pwritev64, (PARTS, off64_t offset), (file, parts, count, offset),
           REAL(write)(file, FIRST_HALF))
WRAP(int, fsync, (int file), (file), file, NULL)
WRAP(int, fdatasync, (int file), (file), file, NULL)
WRAP(int, ftruncate, (int file, off_t size), (file, size), file, NULL)
WRAP(int, ftruncate64, (int file, off64_t size), (file, size), file, NULL)
WRAP(int, rename, (const char *from, const char *to), (from, to), AT_FDCWD, to)
WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), b, to)
WRAP(int, link, (const char *from, const char *to), (from, to), AT_FDCWD, to)
WRAP(int, unlink, (const char *path), (path), AT_FDCWD, path)
WRAP(int, unlinkat, (int at_, const char *path, int flags), (at_, path, flags), at_, path)
WRAP(int, rmdir, (const char *path), (path), AT_FDCWD, path)
WRAP(int, mkdir, (const char *path, mode_t permissions), (path, permissions), AT_FDCWD, path)
WRAP(int, mkdirat, (int at_, const char *path, mode_t permissions), (at_, path, permissions), at_,
     path)
