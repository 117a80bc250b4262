/* ingest/nifti.c: voxels of a NIfTI file, from checked bytes alone. */
#include "ingest/nifti.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/limits.h"
#include "ingest/gzip.h"
#include "ingest/nifti_header.h"

enum { CHUNK = 2048, SHOWN_LABELS = 8 };
static const size_t MAX_TAIL = 65536;            /* bytes behind the voxels that a writer may have left */
static const double LABEL_TOLERANCE = 1e-3;      /* scaled labels are not quite whole */

/* The whole file, unpacked and checked; voxels begin at bytes.data + header.data_offset. */
typedef struct {
    Bytes bytes;
    NiftiHeader header;
} NiftiFile;

static void nifti_file_free(NiftiFile *f) { bytes_free(&f->bytes); }

static bool ends_with(const char *text, const char *tail)
{
    const size_t n = strlen(text), m = strlen(tail);
    return n >= m && strcmp(text + n - m, tail) == 0;
}

static Rc nifti_file_read(NiftiFile *out, const char *path, const char *name, char sha256[HASH_TEXT], Err *e)
{
    Rc rc = OK;
    NiftiFile f = { 0 };
    Bytes raw = { 0 };
    uint8_t head[NIFTI_HEAD_BYTES];
    size_t n = 0;

    TRY(file_read(&raw, path, name, LIMIT_FILE_BYTES, e));
    if (sha256) sha256_of(sha256, raw.data, raw.size);
    const bool packed = gzip_is(&raw);
    if (!packed && raw.size > 0 && ends_with(path, ".gz")) {
        rc = err_set(e, ERR_INPUT, "%s: is not gzip compressed although its name ends in .gz", name);
        goto out;
    }
    if (packed) {
        TRY(gzip_head(head, sizeof head, &n, &raw, name, e));
    } else {
        n = raw.size < sizeof head ? raw.size : sizeof head;
        if (n) memcpy(head, raw.data, n);
    }
    TRY(nifti_header_check(&f.header, head, n, name, e));

    const size_t want = f.header.data_offset + f.header.data_bytes;
    if (packed) {
        TRY(gzip_inflate(&f.bytes, &raw, want, want + MAX_TAIL, name, e));
    } else {
        if (raw.size < f.header.data_offset) {
            rc = err_set(e, ERR_INPUT, "%s: vox_offset is %zu but the file has %zu bytes", name, f.header.data_offset, raw.size);
            goto out;
        }
        if (raw.size < want) {
            rc = err_set(e, ERR_INPUT, "%s: truncated: %zu bytes, its header declares %zu", name, raw.size, want);
            goto out;
        }
        if (raw.size - want > MAX_TAIL) {
            rc = err_set(e, ERR_INPUT, "%s: %zu bytes, its header declares %zu: the size does not fit", name, raw.size, want);
            goto out;
        }
        f.bytes = raw;
        raw = (Bytes){ 0 };
    }
    TRY(nifti_extensions_check(&f.header, f.bytes.data, f.bytes.size, name, e));
    *out = f;
    f = (NiftiFile){ 0 };
out:
    bytes_free(&raw);
    nifti_file_free(&f);
    return rc;
}

static void swap_bytes(uint8_t *out, const uint8_t *in, int width, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < width; k++) out[i * (size_t)width + (size_t)k] = in[i * (size_t)width + (size_t)(width - 1 - k)];
}

#define DECODE(Type) do { Type t_; for (size_t i = 0; i < n; i++) { memcpy(&t_, p + i * sizeof t_, sizeof t_); x[i] = (double)t_; } } while (0)

/* n values from `from` on, unscaled; n <= CHUNK. The program runs on little-endian machines (Debian's amd64, arm64). */
static void decode(double *x, const NiftiFile *f, size_t from, size_t n)
{
    uint8_t swapped[CHUNK * 8];
    const int width = f->header.bytes_per_voxel;
    const uint8_t *p = f->bytes.data + f->header.data_offset + from * (size_t)width;
    if (f->header.big_endian && width > 1) {
        swap_bytes(swapped, p, width, n);
        p = swapped;
    }
    switch (f->header.type) {
    case NIFTI_UINT8: DECODE(uint8_t); break;
    case NIFTI_INT8: DECODE(int8_t); break;
    case NIFTI_INT16: DECODE(int16_t); break;
    case NIFTI_UINT16: DECODE(uint16_t); break;
    case NIFTI_INT32: DECODE(int32_t); break;
    case NIFTI_UINT32: DECODE(uint32_t); break;
    case NIFTI_FLOAT32: DECODE(float); break;
    case NIFTI_FLOAT64: DECODE(double); break;
    case NIFTI_INT64: DECODE(int64_t); break;
    case NIFTI_UINT64: DECODE(uint64_t); break;
    }
}

static void decode_scaled(double *x, const NiftiFile *f, size_t from, size_t n)
{
    decode(x, f, from, n);
    const double slope = f->header.slope, inter = f->header.inter;
    if (slope != 1 || inter != 0)
        for (size_t i = 0; i < n; i++) x[i] = x[i] * slope + inter;
}

Rc nifti_read_volume(Volume *out, const char *path, const char *name, Units units, char sha256[HASH_TEXT], Err *e)
{
    Rc rc = OK;
    NiftiFile f = { 0 };
    Volume v = { 0 };
    double x[CHUNK];

    TRY(nifti_file_read(&f, path, name, sha256, e));
    TRY(volume_alloc(&v, &f.header.grid, units, e));
    const size_t voxels = grid_voxels(&v.grid);
    for (size_t at = 0; at < voxels; at += CHUNK) {
        const size_t n = voxels - at < CHUNK ? voxels - at : CHUNK;
        float *to = v.v + at;
        decode_scaled(x, &f, at, n);
        for (size_t i = 0; i < n; i++) to[i] = fabs(x[i]) <= 3.4028234e38 ? (float)x[i] : NAN;
    }
    *out = v;
    v = (Volume){ 0 };
out:
    volume_free(&v);
    nifti_file_free(&f);
    return rc;
}

/* Which values a mask holds beside 0 and 1, as far as a message wants to know. */
typedef struct {
    double seen[SHOWN_LABELS];
    int n;
    bool more, odd;
} LabelSet;

static void label_note(LabelSet *s, double x)
{
    for (int i = 0; i < s->n; i++)
        if (s->seen[i] == x) return;
    if (s->n < SHOWN_LABELS) s->seen[s->n++] = x;
    else s->more = true;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void label_text(Str *out, LabelSet *s)
{
    qsort(s->seen, (size_t)s->n, sizeof *s->seen, compare_doubles);
    for (int i = 0; i < s->n; i++) str_appendf(out, "%s%g", i ? ", " : "", s->seen[i]);
    if (s->more) str_append(out, " …");
}

Rc nifti_read_mask(Mask *out, const char *path, const char *name, int label, char sha256[HASH_TEXT], Err *e)
{
    Rc rc = OK;
    NiftiFile f = { 0 };
    Mask m = { 0 };
    LabelSet labels = { 0 };
    Str shown = { 0 };
    double x[CHUNK];
    size_t inside = 0;

    TRY(nifti_file_read(&f, path, name, sha256, e));
    TRY(mask_alloc(&m, &f.header.grid, e));
    const size_t voxels = grid_voxels(&m.grid);
    const double wanted = label < 0 ? 1 : label;
    double last = 0;
    for (size_t at = 0; at < voxels; at += CHUNK) {
        const size_t n = voxels - at < CHUNK ? voxels - at : CHUNK;
        decode_scaled(x, &f, at, n);
        for (size_t i = 0; i < n; i++) {
            if (x[i] == 0) continue;
            if (fabs(x[i] - wanted) <= LABEL_TOLERANCE) {
                m.in[at + i] = 1;
                inside++;
            } else if (!(fabs(x[i]) <= LABEL_TOLERANCE) && x[i] != last) {
                if (!isfinite(x[i])) {
                    rc = err_set(e, ERR_INPUT, "%s: mask holds a NaN or infinite voxel, expected 0 and 1", name);
                    goto out;
                }
                last = x[i];
                label_note(&labels, x[i]);
            }
        }
    }
    if (label < 0 && labels.n > 0) {
        if (inside > 0) label_note(&labels, 1);
        label_text(&shown, &labels);
        rc = err_set(e, ERR_INPUT, "%s: mask holds the labels %s, expected 0 and 1; name one as %s#LABEL", name, str_text(&shown), name);
        goto out;
    }
    if (inside == 0 && label >= 0) {
        label_text(&shown, &labels);
        rc = err_set(e, ERR_INPUT, "%s: no voxel has the label %d; the mask holds %s", name, label, labels.n ? str_text(&shown) : "only 0: it is empty");
        goto out;
    }
    if (inside == 0) {
        rc = err_set(e, ERR_INPUT, "%s: mask is empty: no voxel is set", name);
        goto out;
    }
    *out = m;
    m = (Mask){ 0 };
out:
    str_free(&shown);
    mask_free(&m);
    nifti_file_free(&f);
    return rc;
}
