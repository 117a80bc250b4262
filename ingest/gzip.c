/* ingest/gzip.c: gzip in memory. libdeflate checks every member's CRC and length and is twice as fast as zlib, but cannot stop
 * early; zlib gives the first bytes, from which the caller knows how much there may be. */
#include "ingest/gzip.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

/* 1 is a third of the time of 6 for PET that is mostly noise, but the files are kept: 6. */
enum { DEFLATE_LEVEL = 6 };

bool gzip_is(const Bytes *packed)
{
    return packed->size >= 2 && packed->data[0] == 0x1f && packed->data[1] == 0x8b;
}

Rc gzip_head(uint8_t *out, size_t want, size_t *n, const Bytes *packed, const char *name, Err *e)
{
    z_stream z = { 0 };
    *n = 0;
    if (inflateInit2(&z, 15 + 16) != Z_OK) return err_nomem(e);
    z.next_in = packed->data;
    z.avail_in = (uInt)(packed->size < 1u << 30 ? packed->size : 1u << 30);
    z.next_out = out;
    z.avail_out = (uInt)want;
    int state = Z_OK;
    while (z.avail_out > 0) {
        state = inflate(&z, Z_SYNC_FLUSH);
        if (state == Z_STREAM_END && z.avail_in > 2 && z.next_in[0] == 0x1f) {      /* the head goes on in the next member */
            if (inflateReset(&z) != Z_OK) break;
            continue;
        }
        if (state != Z_OK) break;
    }
    *n = want - z.avail_out;
    inflateEnd(&z);
    if (*n < want && state != Z_STREAM_END)
        return err_set(e, ERR_INPUT, "%s: gzip stream is truncated or corrupt: it ends after %zu unpacked bytes", name, *n);
    return OK;
}

Rc gzip_inflate(Bytes *out, const Bytes *packed, size_t least, size_t most, const char *name, Err *e)
{
    Rc rc = OK;
    uint8_t *data = malloc(most + 1);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    size_t in = 0, n = 0;
    if (!data || !d) { rc = err_nomem(e); goto out; }

    while (in < packed->size) {
        size_t used = 0, made = 0;
        const enum libdeflate_result r =
            libdeflate_gzip_decompress_ex(d, packed->data + in, packed->size - in, data + n, most - n, &used, &made);
        if (r == LIBDEFLATE_INSUFFICIENT_SPACE) {
            rc = err_set(e, ERR_INPUT, "%s: gzip stream unpacks to more than %zu bytes, the size that its header declares", name, most);
            goto out;
        }
        if (r != LIBDEFLATE_SUCCESS) {
            rc = err_set(e, ERR_INPUT, "%s: gzip stream is truncated or corrupt: its check sum (CRC) does not hold", name);
            goto out;
        }
        in += used;
        n += made;
        if (in < packed->size && packed->data[in] != 0x1f) {                        /* tapes pad with zeros */
            while (in < packed->size && packed->data[in] == 0) in++;
            if (in < packed->size) {
                rc = err_set(e, ERR_INPUT, "%s: %zu bytes behind the gzip stream that do not belong to it", name, packed->size - in);
                goto out;
            }
        }
    }
    if (n < least) {
        rc = err_set(e, ERR_INPUT, "%s: truncated: unpacks to %zu bytes, its header declares %zu", name, n, least);
        goto out;
    }
    data[n] = 0;
    *out = (Bytes){ data, n };
    data = NULL;
out:
    if (d) libdeflate_free_decompressor(d);
    free(data);
    return rc;
}

Rc gzip_deflate(Bytes *out, const void *data, size_t size, Err *e)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(DEFLATE_LEVEL);
    if (!c) return err_nomem(e);
    const size_t room = libdeflate_gzip_compress_bound(c, size);
    uint8_t *packed = malloc(room + 1);
    const size_t n = packed ? libdeflate_gzip_compress(c, data, size, packed, room) : 0;
    libdeflate_free_compressor(c);
    if (n == 0) {
        free(packed);
        return err_nomem(e);
    }
    *out = (Bytes){ packed, n };
    return OK;
}
