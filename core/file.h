/* core/file.h: the one door through which bytes of a file come in, and the one through which they leave. */
#ifndef REOX_CORE_FILE_H
#define REOX_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/str.h"

typedef struct {
    uint8_t *data;      /* NUL behind the end, not counted */
    size_t size;
} Bytes;

/* A regular file, whole. Refuses (ERR_INPUT) what is no regular file (a pipe would hang us), is over cap bytes, or
 * cannot be opened because of its name or rights; ERR_IO when reading itself fails. The message begins with `name`,
 * which is the path as the user knows it (NULL: path). */
Rc file_read(Bytes *out, const char *path, const char *name, size_t cap, Err *e);
void bytes_free(Bytes *b);

/* The same file piece by piece: nothing of it need fit into memory. file_more fills `room` bytes unless the file ends. */
typedef struct { int fd; size_t size; const char *name; } FileStream;
Rc file_open(FileStream *out, const char *path, const char *name, size_t cap, Err *e);      /* refuses as file_read */
Rc file_more(size_t *got, FileStream *f, void *to, size_t room, Err *e);
Rc file_rewind(FileStream *f, Err *e);
void file_close(FileStream *f);                        /* also of {0}, and twice */

/* Writes path so that it holds the old or the new bytes, never half: temporary file in the same folder, fsync,
 * rename, fsync of the folder. mode 0600. */
Rc file_write_atomic(const char *path, const void *data, size_t size, Err *e);

bool file_exists(const char *path);
bool folder_exists(const char *path);
Rc folder_make(const char *path, Err *e);              /* with its parents; no error when it is there */

/* dir/name in out; name alone when it is absolute or dir is "". */
void path_join(Str *out, const char *dir, const char *name);

/* The path of `relative` below `root`, resolved (links followed), refused with ERR_INPUT when it leaves the root, is
 * absolute or does not exist. `name` stands in the message. */
Rc path_inside(Str *out, const char *root, const char *relative, const char *name, Err *e);

#endif
