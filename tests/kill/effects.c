/* Loaded into a process under test: counts its effects, and stops the process or fails the disk at one of them.
 *
 * An effect is a write to a file, a flush, a truncation, a rename, a removal, a request that is sent, an answer that is
 * read: everything that the world or the next process could tell apart.
 *
 *   EFFECTS_KILL=n        SIGKILL before effect n (counted from 1), which says on stderr what it would have been
 *   EFFECTS_FAIL=n        from effect n on, whatever changes a file below `state/` fails ...
 *   EFFECTS_ERRNO=e       ... with this error number
 *   EFFECTS_COUNT=file    how many effects there were, written at exit
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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long effects;

static long setting(const char *name)
{
    const char *value = getenv(name);
    return value ? atol(value) : 0;
}

/* One more effect; whether the disk refuses it. */
static int effect(const char *what, const char *path)
{
    long number = atomic_fetch_add(&effects, 1) + 1;
    if (number == setting("EFFECTS_KILL")) {
        dprintf(STDERR_FILENO, "\nkilled before effect %ld: %s %s\n", number, what, path);
        kill(getpid(), SIGKILL);
    }
    long from = setting("EFFECTS_FAIL");
    if (!from || number < from || !strstr(path, "/state/"))
        return 0;
    errno = (int)setting("EFFECTS_ERRNO");
    return 1;
}

/* The path of an open regular file; nothing for sockets, pipes and the standard streams. */
static int is_file(int fd, char path[PATH_MAX])
{
    char link[64];
    struct stat about;
    if (fd <= STDERR_FILENO || fstat(fd, &about) || !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 2);
    if (length < 0)
        return 0;
    strcpy(path + length, S_ISDIR(about.st_mode) ? "/" : "");
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) \
        real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);

#define ON_FILE(type, name, parameters, arguments, ...) \
    type name parameters \
    { \
        REAL(type, name, __VA_ARGS__) \
        char path[PATH_MAX]; \
        if (is_file(fd, path) && effect(#name, path)) \
            return -1; \
        return real arguments; \
    }

ON_FILE(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), int, const void *, size_t)
ON_FILE(int, fsync, (int fd), (fd), int)
ON_FILE(int, fdatasync, (int fd), (fd), int)
ON_FILE(int, ftruncate64, (int fd, off64_t length), (fd, length), int, off64_t)

int rename(const char *from, const char *to)
{
    REAL(int, rename, const char *, const char *)
    return effect("rename", to) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    REAL(int, unlink, const char *)
    return effect("unlink", path) ? -1 : real(path);
}

/* Opening is no effect of its own; a disk that refuses writes refuses it too. */
int open64(const char *path, int flags, ...)
{
    REAL(int, open64, const char *, int, ...)
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    long from = setting("EFFECTS_FAIL");
    if (from && atomic_load(&effects) >= from && flags & (O_WRONLY | O_RDWR) && strstr(path, "/state/")) {
        errno = (int)setting("EFFECTS_ERRNO");
        return -1;
    }
    return real(path, flags, mode);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    REAL(ssize_t, send, int, const void *, size_t, int)
    effect("send", "a request");
    return real(fd, data, size, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(ssize_t, writev, int, const struct iovec *, int)
    if (fd > STDERR_FILENO)
        effect("writev", "a request");
    return real(fd, parts, count);
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    REAL(ssize_t, recv, int, void *, size_t, int)
    char first;
    /* Looking whether something has come is no effect. */
    if (real(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        effect("recv", "an answer");
    return real(fd, data, size, flags);
}

__attribute__((destructor)) static void count(void)
{
    const char *path = getenv("EFFECTS_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", atomic_load(&effects) - 0);
        fclose(file);
    }
}
