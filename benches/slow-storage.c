/* Delays calls on files below $SLOW_FOLDER by $SLOW_MICROSECONDS, as on a network share. The delayed calls are: every open, read
 * and stat of a file, and for a folder the opening of its listing, every 500th entry and the end of the listing.
 * If $SLOW_COUNTS is set, the number of delayed calls is appended to that file when the process ends.
 * benches/slow-storage builds and preloads this library. System calls that bypass the C library are not delayed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 1 << 16, ENTRIES_AT_ONCE = 500 };
enum kind { OPEN, READ, STATE, LIST, KINDS };

static atomic_ulong counts[KINDS];
static _Atomic unsigned char slow_files[FILES]; /* indexed by descriptor */
static _Atomic unsigned entries[FILES];         /* indexed by the descriptor of a folder: the entries read so far */
static const char *folder;
static size_t folder_len;
static long nanoseconds;

__attribute__((constructor)) static void begin(void) {
    folder = getenv("SLOW_FOLDER");
    folder_len = folder ? strlen(folder) : 0;
    nanoseconds = atol(getenv("SLOW_MICROSECONDS") ?: "1000") * 1000;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("SLOW_COUNTS");
    FILE *out = path ? fopen(path, "a") : NULL;
    if (out) {
        fprintf(out, "open %lu read %lu state %lu list %lu\n", counts[OPEN], counts[READ], counts[STATE], counts[LIST]);
        fclose(out);
    }
}

static int is_slow(const char *path) { return folder && path && strncmp(path, folder, folder_len) == 0; }
static int is_slow_file(int file) { return file >= 0 && file < FILES && slow_files[file]; }

static void delay(enum kind kind) {
    struct timespec left = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    counts[kind]++;
    while (nanosleep(&left, &left) != 0) {}
}

/* Open and read call the kernel directly, because memory allocators open and read files before dlsym can be used here. */
static int open_at(int at, const char *path, int flags, va_list rest) {
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    int slow = is_slow(path);
    if (slow) delay(OPEN);
    int file = (int)syscall(SYS_openat, at, path, flags, mode);
    if (file >= 0 && file < FILES) slow_files[file] = slow;
    return file;
}
#define OPENS(name, at, ...)                                                  \
    int name(__VA_ARGS__ const char *path, int flags, ...) {                  \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        int file = open_at(at, path, flags, rest);                            \
        va_end(rest);                                                         \
        return file;                                                          \
    }
#define AT int at,
OPENS(open, AT_FDCWD, )
OPENS(open64, AT_FDCWD, )
OPENS(openat, at, AT)
OPENS(openat64, at, AT)

#define READS(name, number, parameters, ...)                                  \
    ssize_t name parameters {                                                 \
        if (is_slow_file(file)) delay(READ);                                  \
        return syscall(number, __VA_ARGS__);                                  \
    }
READS(read, SYS_read, (int file, void *out, size_t len), file, out, len)
READS(pread, SYS_pread64, (int file, void *out, size_t len, off_t at), file, out, len, at)
READS(pread64, SYS_pread64, (int file, void *out, size_t len, off64_t at), file, out, len, at)

/* Rust passes a null path to detect whether this call exists. Under its own name, the compiler would assume a non-null path. */
int slow_statx(int at, const char *path, int flags, unsigned mask, struct statx *out) __asm__("statx");
int slow_statx(int at, const char *path, int flags, unsigned mask, struct statx *out) {
    if (is_slow(path) || (path && !*path && is_slow_file(at))) delay(STATE);
    return (int)syscall(SYS_statx, at, path, flags, mask, out);
}

/* Looks up the C library's function of this name. */
#define NEXT(name) static __typeof__(&name) next; if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define CALL(result, name, kind, slow, parameters, arguments)                 \
    result name parameters {                                                  \
        NEXT(name);                                                           \
        if (slow) delay(kind);                                                \
        return next arguments;                                                \
    }
CALL(int, stat, STATE, is_slow(path), (const char *path, struct stat *out), (path, out))
CALL(int, stat64, STATE, is_slow(path), (const char *path, struct stat64 *out), (path, out))
CALL(int, lstat, STATE, is_slow(path), (const char *path, struct stat *out), (path, out))
CALL(int, lstat64, STATE, is_slow(path), (const char *path, struct stat64 *out), (path, out))
CALL(int, fstat, STATE, is_slow_file(file), (int file, struct stat *out), (file, out))
CALL(int, fstat64, STATE, is_slow_file(file), (int file, struct stat64 *out), (file, out))
CALL(char *, realpath, STATE, is_slow(path), (const char *path, char *out), (path, out))

DIR *opendir(const char *path) {
    NEXT(opendir);
    int slow = is_slow(path);
    if (slow) delay(OPEN);
    DIR *listing = next(path);
    int file = listing ? dirfd(listing) : -1;
    if (file >= 0 && file < FILES) {
        slow_files[file] = slow;
        entries[file] = 0;
    }
    return listing;
}

struct dirent64 *readdir64(DIR *listing) {
    NEXT(readdir64);
    int file = dirfd(listing);
    if (!is_slow_file(file)) return next(listing);
    if (entries[file]++ % ENTRIES_AT_ONCE == 0) delay(LIST);
    struct dirent64 *entry = next(listing);
    if (!entry) delay(LIST);
    return entry;
}
