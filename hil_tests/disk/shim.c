/* A disk between a process and its files: records what is written and synced below one folder, and misbehaves on demand.
 *
 * Preloaded (LD_PRELOAD), so that the standard library's sqlite3 is what is tested. By environment:
 *   HALLIG_DISK_FOLDER    the folder that is watched
 *   HALLIG_DISK_LOG       every operation on it, appended; see hil_tests/disk/recording.py for the format
 *   HALLIG_DISK_SYNC_MS   a sync below the folder takes this long
 *   HALLIG_DISK_EIO       while this file exists, writes and syncs below the folder fail with EIO
 *   HALLIG_DISK_FULL      while this file exists, nothing below the folder grows: ENOSPC; a sync is well
 *   HALLIG_DISK_READ_ONLY while this file exists, the folder is remounted read-only: EROFS
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HANDLES 1024
static char *names[HANDLES]; /* of open files, relative to the folder; "" is the folder itself */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *eio, *full, *read_only;
static size_t folder_length;
static int log_handle = -1;
static long sync_ms;

struct head {
    char op; /* C create, W write, T truncate, S sync, D sync the folder, U unlink, R rename */
    char pad[3];
    int32_t name_length;
    int64_t offset, length;
} __attribute__((packed));

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("HALLIG_DISK_LOG"), *ms = getenv("HALLIG_DISK_SYNC_MS");
    folder = getenv("HALLIG_DISK_FOLDER");
    folder_length = folder ? strlen(folder) : 0;
    eio = getenv("HALLIG_DISK_EIO"), full = getenv("HALLIG_DISK_FULL"), read_only = getenv("HALLIG_DISK_READ_ONLY");
    sync_ms = ms ? atol(ms) : 0;
    if (log) log_handle = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static const char *below(const char *path) {
    if (!folder || strncmp(path, folder, folder_length)) return NULL;
    if (path[folder_length] == 0) return "";
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static void put(const void *data, size_t length) {
    const char *at = data;
    while (length > 0) {
        ssize_t done = syscall(SYS_write, log_handle, at, length);
        if (done <= 0) abort(); /* a recording with a hole proves nothing */
        at += done, length -= (size_t)done;
    }
}

static void record(char op, const char *name, off_t offset, size_t length, const void *data) {
    if (log_handle < 0) return;
    struct head head = {op, {0}, (int32_t)strlen(name), offset, (int64_t)length};
    pthread_mutex_lock(&lock);
    put(&head, sizeof head);
    put(name, strlen(name));
    if (data) put(data, length);
    pthread_mutex_unlock(&lock);
}

static const char *name_of(int handle) { return handle >= 0 && handle < HANDLES ? names[handle] : NULL; }

static int is_there(const char *path) { return path && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

/* What is wrong with the disk now, as an errno; 0 when nothing is. */
static int trouble(void) { return is_there(read_only) ? EROFS : is_there(eio) ? EIO : is_there(full) ? ENOSPC : 0; }

static int fails(int handle) {
    int error = name_of(handle) ? trouble() : 0;
    if (error) errno = error;
    return error;
}

/* A name below the folder cannot be made, changed or opened for writing. */
static int refuses(const char *path, int makes, int writes) {
    int error = below(path) && (makes || writes) ? trouble() : 0;
    if (!(error == EROFS || (error == ENOSPC && makes))) return 0;
    errno = error;
    return error;
}

#define REAL(type, name, ...)                                  \
    static type (*real)(__VA_ARGS__);                          \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int opened(int handle, const char *path, int flags, int was_there) {
    const char *name = below(path);
    if (handle < 0 || handle >= HANDLES || !name) return handle;
    free(names[handle]);
    names[handle] = strdup(name);
    if ((flags & O_CREAT) && !was_there) record('C', name, 0, 0, NULL);
    else if ((flags & O_TRUNC) && name[0]) record('T', name, 0, 0, NULL);
    return handle;
}

#define OPEN(symbol, extra)                                                                   \
    int symbol(const char *path, int flags, ...) {                                                \
        va_list rest;                                                                             \
        va_start(rest, flags);                                                                    \
        int mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, int) : 0;                       \
        va_end(rest);                                                                             \
        int there = is_there(path);                                                               \
        if (refuses(path, (flags & O_CREAT) && !there, flags & (O_WRONLY | O_RDWR))) return -1;   \
        return opened((int)syscall(SYS_openat, AT_FDCWD, path, flags | extra, mode), path, flags, there); \
    }
OPEN(open, 0)
OPEN(open64, O_LARGEFILE)

int close(int handle) {
    REAL(int, "close", int);
    if (handle >= 0 && handle < HANDLES && names[handle]) {
        free(names[handle]);
        names[handle] = NULL;
    }
    return real(handle);
}

static ssize_t written(int handle, const void *data, off_t offset, ssize_t done) {
    if (done > 0) record('W', name_of(handle), offset, (size_t)done, data);
    return done;
}

ssize_t write(int handle, const void *data, size_t length) {
    if (!name_of(handle)) return syscall(SYS_write, handle, data, length);
    if (fails(handle)) return -1;
    off_t offset = lseek(handle, 0, SEEK_CUR);
    return written(handle, data, offset, syscall(SYS_write, handle, data, length));
}

ssize_t pwrite(int handle, const void *data, size_t length, off_t offset) {
    if (!name_of(handle)) return syscall(SYS_pwrite64, handle, data, length, offset);
    if (fails(handle)) return -1;
    return written(handle, data, offset, syscall(SYS_pwrite64, handle, data, length, offset));
}
ssize_t pwrite64(int handle, const void *data, size_t length, off64_t offset) {
    return pwrite(handle, data, length, offset);
}

int ftruncate(int handle, off_t length) {
    if (name_of(handle) && fails(handle)) return -1;
    int done = (int)syscall(SYS_ftruncate, handle, length);
    if (done == 0 && name_of(handle)) record('T', name_of(handle), length, 0, NULL);
    return done;
}
int ftruncate64(int handle, off64_t length) { return ftruncate(handle, length); }

static int synced(int handle, long call) {
    const char *name = name_of(handle);
    if (!name) return (int)syscall(call, handle);
    if (sync_ms > 0) {
        struct timespec wait = {sync_ms / 1000, (sync_ms % 1000) * 1000000L};
        nanosleep(&wait, NULL);
    }
    if (fails(handle) && errno != ENOSPC) return -1;
    int done = (int)syscall(call, handle);
    if (done == 0) record(name[0] ? 'S' : 'D', name, 0, 0, NULL);
    return done;
}
int fsync(int handle) { return synced(handle, SYS_fsync); }
int fdatasync(int handle) { return synced(handle, SYS_fdatasync); }

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (refuses(path, 0, 1)) return -1;
    int done = real(path);
    if (done == 0 && below(path)) record('U', below(path), 0, 0, NULL);
    return done;
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    if (refuses(to, 0, 1)) return -1;
    int done = real(from, to);
    if (done == 0 && below(from) && below(to)) {
        char both[2 * PATH_MAX];
        size_t length = strlen(below(from));
        memcpy(both, below(from), length);
        both[length] = '\n';
        strcpy(both + length + 1, below(to));
        record('R', both, 0, 0, NULL);
    }
    return done;
}
