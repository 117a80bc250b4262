/* ingest/nifti_header.c: judges a NIfTI-1 or NIfTI-2 header field by field. The libraries of the field forgive what changes
 * the picture (a NaN spacing becomes 1 mm, a negative dimension 1, a bad magic loses the orientation); here it is refused. */
#include "ingest/nifti_header.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/limits.h"

static const size_t MAX_OFFSET = (size_t)1 << 20;          /* of the first voxel */
enum { MAX_EXTENSIONS = 1000 };
static const double SAME_MM = 0.01;                        /* corners of qform and sform */
static const double MAX_SHEAR = 1e-3;                      /* cosine between two axes that should be perpendicular */
static const double MIN_SPACING_MM = 0.01, MAX_SPACING_MM = 100;
static const double SPACING_TOLERANCE = 1e-3;              /* pixdim against the length of a column of the sform, relative */

/* The fields that matter, as the file has them. */
typedef struct {
    int version;
    bool big;
    int64_t dim[8];
    double pixdim[8];
    unsigned type, bits, units;
    double offset, slope, inter;
    int32_t qcode, scode;
    double quatern[3], qoffset[3], srow[3][4];
} Raw;

static uint64_t get_uint(const uint8_t *p, int n, bool big)
{
    uint64_t r = 0;
    for (int i = 0; i < n; i++) r |= (uint64_t)p[big ? n - 1 - i : i] << (8 * i);
    return r;
}

static double get_f4(const uint8_t *p, bool big)
{
    const uint32_t u = (uint32_t)get_uint(p, 4, big);
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static double get_f8(const uint8_t *p, bool big)
{
    const uint64_t u = get_uint(p, 8, big);
    double f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* Byte positions: nifti1.h and nifti2.h of the NIfTI DFWG. */
static void unpack1(Raw *r, const uint8_t *d)
{
    const bool big = r->big;
    for (int i = 0; i < 8; i++) {
        r->dim[i] = (int16_t)get_uint(d + 40 + 2 * i, 2, big);
        r->pixdim[i] = get_f4(d + 76 + 4 * i, big);
    }
    r->type = (unsigned)get_uint(d + 70, 2, big);
    r->bits = (unsigned)get_uint(d + 72, 2, big);
    r->offset = get_f4(d + 108, big);
    r->slope = get_f4(d + 112, big);
    r->inter = get_f4(d + 116, big);
    r->units = d[123];
    r->qcode = (int16_t)get_uint(d + 252, 2, big);
    r->scode = (int16_t)get_uint(d + 254, 2, big);
    for (int i = 0; i < 3; i++) {
        r->quatern[i] = get_f4(d + 256 + 4 * i, big);
        r->qoffset[i] = get_f4(d + 268 + 4 * i, big);
        for (int j = 0; j < 4; j++) r->srow[i][j] = get_f4(d + 280 + 16 * i + 4 * j, big);
    }
}

static void unpack2(Raw *r, const uint8_t *d)
{
    const bool big = r->big;
    for (int i = 0; i < 8; i++) {
        r->dim[i] = (int64_t)get_uint(d + 16 + 8 * i, 8, big);
        r->pixdim[i] = get_f8(d + 104 + 8 * i, big);
    }
    r->type = (unsigned)get_uint(d + 12, 2, big);
    r->bits = (unsigned)get_uint(d + 14, 2, big);
    r->offset = (double)(int64_t)get_uint(d + 168, 8, big);
    r->slope = get_f8(d + 176, big);
    r->inter = get_f8(d + 184, big);
    r->qcode = (int32_t)get_uint(d + 344, 4, big);
    r->scode = (int32_t)get_uint(d + 348, 4, big);
    for (int i = 0; i < 3; i++) {
        r->quatern[i] = get_f8(d + 352 + 8 * i, big);
        r->qoffset[i] = get_f8(d + 376 + 8 * i, big);
        for (int j = 0; j < 4; j++) r->srow[i][j] = get_f8(d + 400 + 32 * i + 8 * j, big);
    }
    r->units = (unsigned)get_uint(d + 500, 4, big);
}

static Rc unpack(Raw *r, const uint8_t *d, size_t n, const char *name, Err *e)
{
    if (n == 0) return err_set(e, ERR_INPUT, "%s: file is empty, expected a NIfTI image", name);
    if (n >= 12 && memcmp(d, "<nifti_image", 12) == 0)
        return err_set(e, ERR_INPUT, "%s: NIfTI header as ASCII text (it may point to any other file), expected the binary form", name);
    if (n >= 132 && memcmp(d + 128, "DICM", 4) == 0)
        return err_set(e, ERR_INPUT, "%s: is a DICOM file; DICOM is not supported yet, expected NIfTI", name);
    if (n < 4) return err_set(e, ERR_INPUT, "%s: truncated: %zu bytes, a NIfTI header has 348 or 540", name, n);
    const uint32_t size_le = (uint32_t)get_uint(d, 4, false), size_be = (uint32_t)get_uint(d, 4, true);
    if (size_le == 348 || size_be == 348) r->version = 1;
    else if (size_le == 540 || size_be == 540) r->version = 2;
    else return err_set(e, ERR_INPUT, "%s: not a NIfTI file: sizeof_hdr in the header is %" PRIu32 ", expected 348 or 540", name, size_le);
    r->big = size_be == 348 || size_be == 540;

    const size_t header = r->version == 1 ? 348 : 540;
    if (n < header + 4)
        return err_set(e, ERR_INPUT, "%s: truncated: ends inside the header, %zu of %zu bytes", name, n, header + 4);
    if (r->version == 1) {
        if (memcmp(d + 344, "ni1", 4) == 0)
            return err_set(e, ERR_INPUT, "%s: header of a .hdr/.img pair (magic ni1), expected one .nii file (magic n+1)", name);
        if (memcmp(d + 344, "n+1", 4) != 0)
            return err_set(e, ERR_INPUT, "%s: magic of the NIfTI-1 header is \"%.4s\", expected \"n+1\"", name, (const char *)d + 344);
        unpack1(r, d);
    } else {
        if (memcmp(d + 4, "n+2\0\r\n\x1a\n", 8) != 0)
            return err_set(e, ERR_INPUT, "%s: magic of the NIfTI-2 header is damaged, expected \"n+2\" and its control bytes", name);
        unpack2(r, d);
    }
    return OK;
}

static Rc check_dims(NiftiHeader *out, const Raw *r, const char *name, Err *e)
{
    if (r->dim[0] < 1 || r->dim[0] > 7)
        return err_set(e, ERR_INPUT, "%s: dim[0] is %" PRId64 ", expected 3", name, r->dim[0]);
    size_t voxels = 1;
    for (int i = 1; i <= 3; i++) {
        if (i > r->dim[0])
            return err_set(e, ERR_INPUT, "%s: dim[0] is %" PRId64 ": an image of fewer than 3 dimensions, expected 3", name, r->dim[0]);
        if (r->dim[i] < 1 || r->dim[i] > LIMIT_AXIS)
            return err_set(e, ERR_INPUT, "%s: dim[%d] is %" PRId64 ", expected 1 to %d", name, i, r->dim[i], LIMIT_AXIS);
        voxels *= (size_t)r->dim[i];
        out->grid.n[i - 1] = (int)r->dim[i];
    }
    if (voxels > LIMIT_VOXELS)
        return err_set(e, ERR_INPUT, "%s: dim declares %zu voxels, larger than the limit of %zu", name, voxels, LIMIT_VOXELS);
    for (int i = 4; i <= r->dim[0]; i++)
        if (r->dim[i] != 1)
            return err_set(e, ERR_INPUT, "%s: %" PRId64 "-D image with dim[%d] = %" PRId64 " frames, expected one 3-D volume",
                           name, r->dim[0], i, r->dim[i]);
    out->data_bytes = voxels;
    return OK;
}

static Rc check_type(NiftiHeader *out, const Raw *r, const char *name, Err *e)
{
    switch (r->type) {
    case NIFTI_UINT8: case NIFTI_INT8: out->bytes_per_voxel = 1; break;
    case NIFTI_INT16: case NIFTI_UINT16: out->bytes_per_voxel = 2; break;
    case NIFTI_INT32: case NIFTI_UINT32: case NIFTI_FLOAT32: out->bytes_per_voxel = 4; break;
    case NIFTI_FLOAT64: case NIFTI_INT64: case NIFTI_UINT64: out->bytes_per_voxel = 8; break;
    case 128: case 2304:
        return err_set(e, ERR_INPUT, "%s: datatype %u is an RGB colour image, expected one number a voxel", name, r->type);
    case 32: case 1792: case 2048:
        return err_set(e, ERR_INPUT, "%s: datatype %u is complex, expected one real number a voxel", name, r->type);
    default:
        return err_set(e, ERR_INPUT, "%s: datatype %u is unknown or not read, expected an integer or float type (2 4 8 16 64 256 512 768 "
                       "1024 1280)", name, r->type);
    }
    if (r->bits != 8u * (unsigned)out->bytes_per_voxel)
        return err_set(e, ERR_INPUT, "%s: bitpix is %u, expected %d for datatype %u", name, r->bits, 8 * out->bytes_per_voxel, r->type);
    out->type = (NiftiType)r->type;
    out->data_bytes *= (size_t)out->bytes_per_voxel;
    return OK;
}

static Rc check_place(NiftiHeader *out, const Raw *r, const char *name, Err *e)
{
    const double least = r->version == 1 ? 352 : 544;
    if (!isfinite(r->offset) || r->offset != floor(r->offset) || r->offset < least)
        return err_set(e, ERR_INPUT, "%s: vox_offset is %g, expected a whole number from %g", name, r->offset, least);
    if (r->offset > (double)MAX_OFFSET)
        return err_set(e, ERR_INPUT, "%s: vox_offset is %.0f, over the limit of %zu", name, r->offset, MAX_OFFSET);
    out->data_offset = (size_t)r->offset;

    if (!isfinite(r->slope)) return err_set(e, ERR_INPUT, "%s: scl_slope is %g, expected a finite number (0: no scaling)", name, r->slope);
    out->slope = 1;
    out->inter = 0;
    if (r->slope != 0) {                                   /* the standard: slope 0 means neither slope nor intercept */
        if (!isfinite(r->inter)) return err_set(e, ERR_INPUT, "%s: scl_inter is %g, expected a finite number", name, r->inter);
        out->slope = r->slope;
        out->inter = r->inter;
    }
    return OK;
}

/* Quaternion to matrix as nifti1.h defines it. *loose is set where the real part is lost in single precision. */
static Rc qform_matrix(Affine *out, const Raw *r, const double spacing[3], double unit, bool *loose, const char *name, Err *e)
{
    double b = r->quatern[0], c = r->quatern[1], d = r->quatern[2];
    const double norm2 = b * b + c * c + d * d;
    if (!isfinite(norm2) || norm2 > 1.0001)
        return err_set(e, ERR_INPUT, "%s: qform quaternion (%g, %g, %g) is no rotation", name, b, c, d);
    if (!isfinite(r->pixdim[0]) || (r->pixdim[0] != 0 && fabs(fabs(r->pixdim[0]) - 1) > 1e-3))
        return err_set(e, ERR_INPUT, "%s: pixdim[0] (the sign of qform's z axis) is %g, expected 1 or -1", name, r->pixdim[0]);
    double a2 = 1 - norm2;
    *loose = r->version == 1 && a2 < 4e-7;
    if (a2 < 1e-7) {                                       /* half a turn: rounding has eaten the real part */
        const double s = 1 / sqrt(norm2);
        b *= s; c *= s; d *= s;
        a2 = 0;
    }
    const double a = sqrt(a2), qfac = r->pixdim[0] < 0 ? -1 : 1;
    const double R[3][3] = {
        { a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c) },
        { 2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b) },
        { 2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b } };
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) out->m[i][j] = R[i][j] * spacing[j] * (j == 2 ? qfac : 1);
        out->m[i][3] = r->qoffset[i] * unit;
        if (!isfinite(out->m[i][3])) return err_set(e, ERR_INPUT, "%s: qoffset is %g, expected a finite number", name, r->qoffset[i]);
    }
    return OK;
}

static Rc sform_matrix(Affine *out, const Raw *r, const double spacing[3], double unit, const char *name, Err *e)
{
    double length[3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) {
            out->m[i][j] = r->srow[i][j] * unit;
            if (!isfinite(out->m[i][j]))
                return err_set(e, ERR_INPUT, "%s: sform matrix holds %g in row %d, expected finite numbers", name, r->srow[i][j], i + 1);
        }
    for (int j = 0; j < 3; j++) {
        length[j] = sqrt(out->m[0][j] * out->m[0][j] + out->m[1][j] * out->m[1][j] + out->m[2][j] * out->m[2][j]);
        if (length[j] < MIN_SPACING_MM)
            return err_set(e, ERR_INPUT, "%s: sform matrix is singular: its column %d has length %g mm", name, j + 1, length[j]);
    }
    for (int j = 0; j < 3; j++)
        for (int k = j + 1; k < 3; k++) {
            double dot = 0;
            for (int i = 0; i < 3; i++) dot += out->m[i][j] * out->m[i][k];
            if (fabs(dot) > MAX_SHEAR * length[j] * length[k])
                return err_set(e, ERR_INPUT, "%s: sform matrix has a shear of %.4g between axes %d and %d, expected perpendicular axes",
                               name, dot / (length[j] * length[k]), j + 1, k + 1);
        }
    if (fabs(affine_det(out)) < 1e-9) return err_set(e, ERR_INPUT, "%s: sform matrix is singular", name);
    for (int j = 0; j < 3; j++)
        if (fabs(length[j] - spacing[j]) > SPACING_TOLERANCE * spacing[j])
            return err_set(e, ERR_INPUT, "%s: voxel spacing along axis %d is %g mm by pixdim but %g mm by the sform matrix",
                           name, j + 1, spacing[j], length[j]);
    return OK;
}

static Rc check_geometry(NiftiHeader *out, const Raw *r, const char *name, Err *e)
{
    Rc rc = OK;
    double unit = 1, *spacing = out->grid.spacing_mm;
    Affine q = { 0 }, s = { 0 };
    bool loose = false;

    switch (r->units & 7) {
    case 0: case 2: break;
    case 1: unit = 1000; break;                            /* metre */
    case 3: unit = 0.001; break;                           /* micron */
    default: return err_set(e, ERR_INPUT, "%s: xyzt_units is %u: no known unit of length", name, r->units);
    }
    for (int i = 0; i < 3; i++) {
        spacing[i] = r->pixdim[i + 1] * unit;
        if (!isfinite(spacing[i]) || spacing[i] < MIN_SPACING_MM || spacing[i] > MAX_SPACING_MM)
            return err_set(e, ERR_INPUT, "%s: pixdim[%d], the voxel spacing, is %g mm, expected %g to %g",
                           name, i + 1, spacing[i], MIN_SPACING_MM, MAX_SPACING_MM);
    }
    if (r->qcode <= 0 && r->scode <= 0)
        return err_set(e, ERR_INPUT, "%s: neither qform nor sform is set: the orientation of the image is unknown", name);
    if (r->qcode > 0) TRY(qform_matrix(&q, r, spacing, unit, &loose, name, e));
    if (r->scode > 0) TRY(sform_matrix(&s, r, spacing, unit, name, e));
    out->grid.world = r->scode > 0 ? s : q;

    if (r->qcode > 0 && r->scode > 0) {
        Grid other = out->grid;
        double extent = 0;
        int corner = 0;
        other.world = q;
        for (int i = 0; i < 3; i++) extent += spacing[i] * out->grid.n[i];
        const double mm = grid_corner_distance_mm(&out->grid, &other, &corner);
        if (mm > SAME_MM + (loose ? 2 * sqrt(6e-7) * extent : 1e-6 * extent))
            return err_set(e, ERR_INPUT, "%s: qform and sform differ by %.3g mm at the corner (%s, %s, %s): the orientation is uncertain",
                           name, mm, corner & 1 ? "last x" : "first x", corner & 2 ? "last y" : "first y",
                           corner & 4 ? "last z" : "first z");
    }
out:
    return rc;
}

Rc nifti_header_check(NiftiHeader *out, const uint8_t *head, size_t n, const char *name, Err *e)
{
    Rc rc = OK;
    Raw r = { 0 };
    NiftiHeader h = { 0 };
    TRY(unpack(&r, head, n, name, e));
    h.big_endian = r.big;
    TRY(check_dims(&h, &r, name, e));
    TRY(check_type(&h, &r, name, e));
    TRY(check_place(&h, &r, name, e));
    TRY(check_geometry(&h, &r, name, e));
    *out = h;
out:
    return rc;
}

Rc nifti_extensions_check(const NiftiHeader *h, const uint8_t *file, size_t n, const char *name, Err *e)
{
    const size_t header = h->data_offset >= 544 && get_uint(file, 4, h->big_endian) == 540 ? 540 : 348;
    size_t at = header + 4;
    if (h->data_offset > n || file[header] == 0) return OK;
    if (h->data_offset < at + 8)
        return err_set(e, ERR_INPUT, "%s: header announces an extension, but vox_offset %zu leaves no room for one", name, h->data_offset);
    for (int i = 0; at + 8 <= h->data_offset; i++) {
        if (i == MAX_EXTENSIONS) return err_set(e, ERR_INPUT, "%s: more than %d header extensions", name, MAX_EXTENSIONS);
        const int32_t esize = (int32_t)get_uint(file + at, 4, h->big_endian);
        if (esize < 8 || (size_t)esize > h->data_offset - at)
            return err_set(e, ERR_INPUT, "%s: header extension %d has esize %" PRId32 ", expected 8 to %zu", name, i + 1, esize, h->data_offset - at);
        at += (size_t)esize;
    }
    return OK;
}
