/* Tells what a program writes, and what it syncs: a library that is loaded before the C library.
 *
 * Every change of a file or a name on the file system of DISK_LOG_ROOT, and every sync, is done and then told
 * in DISK_LOG_FILE, in that order and one after the other; a sync is told when it begins and when it has
 * returned. Of the file system of DISK_LOG_MEMORY it tells writes by their length alone. What could not be
 * told, such as a shared mapping, is told as such. The records are read by disk_log.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum place { ELSEWHERE, DISK, MEMORY };

struct record {
    uint64_t time_ns, inode, offset;
    uint32_t what, thread, path_bytes, other_bytes, data_bytes, flags;
};

static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int log_file = -1;
static dev_t disk, memory;
static char root[PATH_MAX];
static size_t root_bytes;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("DISK_LOG_ROOT"), *file = getenv("DISK_LOG_FILE"), *memory_at = getenv("DISK_LOG_MEMORY");
    struct stat found;
    if (!where || !file || !realpath(where, root) || stat(root, &found)) return;
    disk = found.st_dev;
    root_bytes = strlen(root);
    if (memory_at && !stat(memory_at, &found)) memory = found.st_dev;
    log_file = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void tell(char what, uint64_t inode, uint64_t offset, uint32_t flags, const char *path, const char *other,
                 const void *data, size_t data_bytes) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record record = {
        .time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .inode = inode,
        .offset = offset,
        .what = (uint32_t)what,
        .thread = (uint32_t)syscall(SYS_gettid),
        .path_bytes = path ? (uint32_t)strlen(path) : 0,
        .other_bytes = other ? (uint32_t)strlen(other) : 0,
        .data_bytes = (uint32_t)data_bytes,
        .flags = flags,
    };
    struct iovec parts[] = {
        {&record, sizeof record}, {(void *)path, record.path_bytes}, {(void *)other, record.other_bytes}, {(void *)data, data_bytes}};
    size_t whole = sizeof record + record.path_bytes + record.other_bytes + data_bytes;
    if (syscall(SYS_writev, log_file, parts, 4) != (long)whole) abort();
}

static enum place place_of(int file, struct stat *found) {
    if (log_file < 0 || file < 0 || syscall(SYS_fstat, file, found)) return ELSEWHERE;
    return found->st_dev == disk ? DISK : memory && found->st_dev == memory ? MEMORY : ELSEWHERE;
}

/* The path from the root of all, of a path that may be relative to a folder's descriptor. */
static const char *whole_path(int folder, const char *path, char *room) {
    char base[PATH_MAX] = "";
    if (path[0] != '/') {
        if (folder == AT_FDCWD) {
            if (syscall(SYS_getcwd, base, sizeof base) < 0) return NULL;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t size = readlink(link, base, sizeof base - 1);
            if (size < 0) return NULL;
            base[size] = 0;
        }
    }
    snprintf(room, PATH_MAX, "%s%s%s", base, path[0] == '/' ? "" : "/", path);
    return room;
}

static int on_disk(const char *path) {
    return log_file >= 0 && path && !strncmp(path, root, root_bytes) && (path[root_bytes] == '/' || !path[root_bytes]);
}

#define LOCKED(type, code) \
    pthread_mutex_lock(&turn); \
    type done = code; \
    int failed = errno;
#define UNLOCKED \
    pthread_mutex_unlock(&turn); \
    errno = failed; \
    return done;

static int opened(int file, int folder, const char *path, int flags) {
    struct stat found;
    enum place place = file < 0 ? ELSEWHERE : place_of(file, &found);
    char room[PATH_MAX];
    if (place != ELSEWHERE && (flags & (O_ACCMODE | O_CREAT)) && S_ISREG(found.st_mode))
        tell(place == DISK ? 'o' : 'O', found.st_ino, 0, (uint32_t)flags, whole_path(folder, path, room), NULL, NULL, 0);
    return file;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        LOCKED(int, opened(REAL(name)(path, flags, mode), AT_FDCWD, path, flags)) \
        UNLOCKED \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        LOCKED(int, opened(REAL(name)(folder, path, flags, mode), folder, path, flags)) \
        UNLOCKED \
    }
OPENAT(openat)
OPENAT(openat64)

static void wrote(int file, const void *data, ssize_t size, int64_t offset) {
    struct stat found;
    enum place place = size > 0 ? place_of(file, &found) : ELSEWHERE;
    if (place == DISK && S_ISREG(found.st_mode)) {
        if (offset < 0) offset = lseek(file, 0, SEEK_CUR) - size;
        tell('w', found.st_ino, (uint64_t)offset, 0, NULL, NULL, data, (size_t)size);
    } else if (place == MEMORY && S_ISREG(found.st_mode)) {
        tell('W', found.st_ino, (uint64_t)size, 0, NULL, NULL, NULL, 0);
    }
}

ssize_t write(int file, const void *data, size_t size) {
    LOCKED(ssize_t, REAL(write)(file, data, size))
    wrote(file, data, done, -1);
    UNLOCKED
}

#define PWRITE(name, offset_type) \
    ssize_t name(int file, const void *data, size_t size, offset_type offset) { \
        LOCKED(ssize_t, REAL(name)(file, data, size, offset)) \
        wrote(file, data, done, offset); \
        UNLOCKED \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static void untold(int file, const char *how) {
    struct stat found;
    if (place_of(file, &found) == DISK && S_ISREG(found.st_mode)) {
        char link[64], path[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t size = readlink(link, path, sizeof path - 1);
        path[size < 0 ? 0 : size] = 0;
        tell('?', found.st_ino, 0, 0, path, how, NULL, 0);
    }
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    LOCKED(ssize_t, REAL(writev)(file, parts, count))
    untold(file, "writev");
    UNLOCKED
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
    LOCKED(ssize_t, (ssize_t)syscall(SYS_sendfile, to, from, offset, size))
    untold(to, "sendfile");
    UNLOCKED
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t size, unsigned flags) {
    LOCKED(ssize_t, (ssize_t)syscall(SYS_copy_file_range, from, at, to, there, size, flags))
    untold(to, "copy_file_range");
    UNLOCKED
}

#define MAP(name, offset_type) \
    void *name(void *at, size_t size, int may, int flags, int file, offset_type offset) { \
        if ((may & PROT_WRITE) && (flags & MAP_SHARED) && file >= 0) untold(file, "mmap"); \
        return REAL(name)(at, size, may, flags, file, offset); \
    }
MAP(mmap, off_t)
MAP(mmap64, off64_t)

static void cut(int file, int done, int64_t size) {
    struct stat found;
    if (!done && place_of(file, &found) == DISK) tell('t', found.st_ino, (uint64_t)size, 0, NULL, NULL, NULL, 0);
}

#define FTRUNCATE(name, offset_type) \
    int name(int file, offset_type size) { \
        LOCKED(int, REAL(name)(file, size)) \
        cut(file, done, size); \
        UNLOCKED \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

static void synced(char what, int file) {
    struct stat found;
    char link[64], path[PATH_MAX];
    if (place_of(file, &found) != DISK) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    path[size < 0 ? 0 : size] = 0;
    pthread_mutex_lock(&turn);
    tell(what, found.st_ino, 0, S_ISDIR(found.st_mode), path, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
}

#define SYNC(name) \
    int name(int file) { \
        synced('s', file); \
        int done = REAL(name)(file), failed = errno; \
        if (!done) synced('S', file); \
        errno = failed; \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

static void renamed(int done, int from, const char *old, int to, const char *new) {
    char room[PATH_MAX], other[PATH_MAX];
    const char *before = whole_path(from, old, room), *after = whole_path(to, new, other);
    if (!done && (on_disk(before) || on_disk(after))) tell('r', 0, 0, 0, before, after, NULL, 0);
}

int rename(const char *old, const char *new) {
    LOCKED(int, REAL(rename)(old, new))
    renamed(done, AT_FDCWD, old, AT_FDCWD, new);
    UNLOCKED
}

int renameat(int from, const char *old, int to, const char *new) {
    LOCKED(int, REAL(renameat)(from, old, to, new))
    renamed(done, from, old, to, new);
    UNLOCKED
}

static void named(int done, char what, int folder, const char *path, const char *other) {
    char room[PATH_MAX], other_room[PATH_MAX];
    const char *whole = whole_path(folder, path, room);
    if (!done && on_disk(whole)) tell(what, 0, 0, 0, whole, other ? whole_path(AT_FDCWD, other, other_room) : NULL, NULL, 0);
}

int unlink(const char *path) {
    LOCKED(int, REAL(unlink)(path))
    named(done, 'u', AT_FDCWD, path, NULL);
    UNLOCKED
}

int unlinkat(int folder, const char *path, int flags) {
    LOCKED(int, REAL(unlinkat)(folder, path, flags))
    named(done, 'u', folder, path, NULL);
    UNLOCKED
}

int rmdir(const char *path) {
    LOCKED(int, REAL(rmdir)(path))
    named(done, 'u', AT_FDCWD, path, NULL);
    UNLOCKED
}

int mkdir(const char *path, mode_t mode) {
    LOCKED(int, REAL(mkdir)(path, mode))
    named(done, 'm', AT_FDCWD, path, NULL);
    UNLOCKED
}

int mkdirat(int folder, const char *path, mode_t mode) {
    LOCKED(int, REAL(mkdirat)(folder, path, mode))
    named(done, 'm', folder, path, NULL);
    UNLOCKED
}

int link(const char *old, const char *new) {
    LOCKED(int, REAL(link)(old, new))
    named(done, 'l', AT_FDCWD, new, old);
    UNLOCKED
}

/* For the program itself: what it has just told somebody. */
void disk_log_mark(const char *text) {
    pthread_mutex_lock(&turn);
    if (log_file >= 0) tell('!', 0, 0, 0, text, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
}
