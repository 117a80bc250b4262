/* core/file.c: the one door for bytes of files. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Large files come into large pages where there are any: the first touch of a small one costs more than filling it. free() as ever. */
static uint8_t *room_for(size_t size)
{
    enum { HUGE_PAGE = 2 << 20 };
    if (size < 2 * HUGE_PAGE) return malloc(size);
    size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uint8_t *p = aligned_alloc(HUGE_PAGE, size);
#ifdef MADV_HUGEPAGE
    if (p) madvise(p, size, MADV_HUGEPAGE);
#endif
    return p;
}

/* fd is one more than the system's number, so that {0} is closed. */
Rc file_open(FileStream *out, const char *path, const char *name, size_t cap, Err *e)
{
    Rc rc = OK;
    if (!name) name = path;
    *out = (FileStream){ 0 };
    /* O_NONBLOCK: a pipe must not hold us up before fstat has told us what it is. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        /* The machine's own shortage says nothing about the file. */
        bool shortage = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO || errno == ENOSPC || errno == EINTR;
        return err_set(e, shortage ? ERR_IO : ERR_INPUT, "%s: cannot be opened: %s", name, strerror(errno));
    }
    struct stat st;
    if (fstat(fd, &st) != 0) { rc = err_set(e, ERR_IO, "%s: %s", name, strerror(errno)); goto out; }
    if (!S_ISREG(st.st_mode)) {
        rc = err_set(e, ERR_INPUT, "%s: is %s, expected a regular file", name,
                     S_ISDIR(st.st_mode) ? "a folder" : S_ISFIFO(st.st_mode) ? "a pipe" : "a device");
        goto out;
    }
    if ((uint64_t)st.st_size > cap) {
        rc = err_set(e, ERR_INPUT, "%s: has %lld bytes, at most %zu are read: the file is too large", name,
                     (long long)st.st_size, cap);
        goto out;
    }
    *out = (FileStream){ fd + 1, (size_t)st.st_size, name };
    fd = -1;
out:
    if (fd >= 0) close(fd);
    return rc;
}

Rc file_more(size_t *got, FileStream *f, void *to, size_t room, Err *e)
{
    *got = 0;
    while (*got < room) {
        ssize_t n = read(f->fd - 1, (char *)to + *got, room - *got);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return err_set(e, ERR_IO, "%s: cannot be read: %s", f->name, strerror(errno));
        if (n == 0) break;
        *got += (size_t)n;
    }
    return OK;
}

Rc file_rewind(FileStream *f, Err *e)
{
    return lseek(f->fd - 1, 0, SEEK_SET) == 0 ? OK : err_set(e, ERR_IO, "%s: cannot be read: %s", f->name, strerror(errno));
}

void file_close(FileStream *f)
{
    if (f->fd) close(f->fd - 1);
    *f = (FileStream){ 0 };
}

Rc file_read(Bytes *out, const char *path, const char *name, size_t cap, Err *e)
{
    Rc rc = OK;
    FileStream f = { 0 };
    uint8_t *data = NULL;
    size_t got = 0;
    TRY(file_open(&f, path, name, cap, e));
    data = room_for(f.size + 1);
    if (!data) { rc = err_nomem(e); goto out; }
    TRY(file_more(&got, &f, data, f.size, e));
    data[got] = 0;
    *out = (Bytes){ data, got };
    data = NULL;
out:
    free(data);
    file_close(&f);
    return rc;
}

void bytes_free(Bytes *b)
{
    free(b->data);
    *b = (Bytes){ 0 };
}

static Rc write_all(int fd, const char *data, size_t size, const char *path, Err *e)
{
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return err_set(e, ERR_IO, "%s: cannot be written: %s", path, strerror(n < 0 ? errno : ENOSPC));
        data += n;
        size -= (size_t)n;
    }
    return OK;
}

Rc file_write_atomic(const char *path, const void *data, size_t size, Err *e)
{
    Rc rc = OK;
    Str temp = { 0 }, dir = { 0 };
    int fd = -1, made = 0;
    const char *slash = strrchr(path, '/');
    if (slash) str_append_n(&dir, path, slash == path ? 1 : (size_t)(slash - path));
    else str_append(&dir, ".");
    str_appendf(&temp, "%s.tmp-%ld", path, (long)getpid());
    TRY(str_check(&temp, e));
    TRY(str_check(&dir, e));
    unlink(temp.s);                 /* of a killed run with our process number */
    fd = open(temp.s, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) { rc = err_set(e, ERR_IO, "%s: cannot be created: %s", path, strerror(errno)); goto out; }
    made = 1;
    TRY(write_all(fd, data, size, path, e));
    if (fsync(fd) != 0) { rc = err_set(e, ERR_IO, "%s: cannot be written: %s", path, strerror(errno)); goto out; }
    int closed = close(fd);
    fd = -1;
    if (closed != 0) { rc = err_set(e, ERR_IO, "%s: cannot be written: %s", path, strerror(errno)); goto out; }
    if (rename(temp.s, path) != 0) { rc = err_set(e, ERR_IO, "%s: cannot be written: %s", path, strerror(errno)); goto out; }
    made = 0;
    int folder = open(dir.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) { fsync(folder); close(folder); }
out:
    if (fd >= 0) close(fd);
    if (made) unlink(temp.s);
    str_free(&temp);
    str_free(&dir);
    return rc;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

bool folder_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

Rc folder_make(const char *path, Err *e)
{
    Rc rc = OK;
    char *p = text_copy(path);
    if (!p) return err_nomem(e);
    for (char *s = p + (*p == '/'); ; s++) {
        if (*s && *s != '/') continue;
        char keep = *s;
        *s = '\0';
        if (*p && mkdir(p, 0700) != 0 && errno != EEXIST) {
            rc = err_set(e, ERR_IO, "%s: folder cannot be made: %s", path, strerror(errno));
            break;
        }
        if (!keep) break;
        *s = keep;
    }
    if (!rc && !folder_exists(path)) rc = err_set(e, ERR_IO, "%s: is no folder", path);
    free(p);
    return rc;
}

void path_join(Str *out, const char *dir, const char *name)
{
    if (*name != '/' && *dir) {
        str_append(out, dir);
        if (dir[strlen(dir) - 1] != '/') str_append_char(out, '/');
    }
    str_append(out, name);
}

Rc path_inside(Str *out, const char *root, const char *relative, const char *name, Err *e)
{
    Rc rc = OK;
    Str joined = { 0 };
    char *real_root = NULL, *real = NULL;
    if (*relative == '/') return err_set(e, ERR_INPUT, "%s: path %s is absolute, expected one inside the study folder", name, relative);
    path_join(&joined, root, relative);
    TRY(str_check(&joined, e));
    real_root = realpath(root, NULL);
    if (!real_root) { rc = err_set(e, ERR_INPUT, "%s: %s", root, strerror(errno)); goto out; }
    real = realpath(joined.s, NULL);
    if (!real) { rc = err_set(e, ERR_INPUT, "%s: cannot be opened: %s", name, strerror(errno)); goto out; }
    size_t n = strlen(real_root);
    if (strncmp(real, real_root, n) != 0 || (real[n] && real[n] != '/' && n > 1)) {
        rc = err_set(e, ERR_INPUT, "%s: path %s leads outside the study folder", name, relative);
        goto out;
    }
    str_append(out, real);
    TRY(str_check(out, e));
out:
    free(real_root);
    free(real);
    str_free(&joined);
    return rc;
}
