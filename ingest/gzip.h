/* ingest/gzip.h: gzip in memory, with caps before anything is unpacked. */
#ifndef REOX_INGEST_GZIP_H
#define REOX_INGEST_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/file.h"

bool gzip_is(const Bytes *packed);                       /* by its first two bytes, whatever the name */

/* The first `want` bytes of what is packed; *n says how many there are. The check sum is not reached yet. */
Rc gzip_head(uint8_t *out, size_t want, size_t *n, const Bytes *packed, const char *name, Err *e);

/* All members, each with its check sum, at least `least` and at most `most` bytes in all. ERR_INPUT when the stream is cut,
 * corrupt, shorter or longer than that, or followed by anything but zeros. */
Rc gzip_inflate(Bytes *out, const Bytes *packed, size_t least, size_t most, const char *name, Err *e);

/* One member without a time or a name in it, so that equal input gives equal bytes. */
Rc gzip_deflate(Bytes *out, const void *data, size_t size, Err *e);

#endif
