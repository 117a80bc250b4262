/* bench/cohort.c: all features of several images in one process: cohort SETTINGS IMAGE MASK [IMAGE MASK…]. Prints the CPU
 * seconds, reading included. */
#include <math.h>
#include <stdio.h>

#include "bench/clock.h"
#include "features/extract.h"
#include "ingest/nifti.h"

static Rc one(const char *image_path, const char *mask_path, const Settings *s, size_t *values, Err *e)
{
    Rc rc = OK;
    Volume image = { 0 };
    Mask mask = { 0 };
    Extraction x = { 0 };

    TRY(nifti_read_volume(&image, image_path, image_path, UNITS_SUV, NULL, e));
    TRY(nifti_read_mask(&mask, mask_path, mask_path, -1, NULL, e));
    ExtractInput in = { .name = image_path, .image = &image, .mask = &mask, .reference = NAN };
    TRY(feature_extract(&x, &in, s, e));
    *values += x.features.n;
out:
    extraction_free(&x);
    mask_free(&mask);
    volume_free(&image);
    return rc;
}

int main(int argc, char **argv)
{
    Rc rc = OK;
    Err e = { 0 };
    Settings s = { 0 };
    size_t values = 0;

    if (argc < 4 || argc % 2 != 0) { fprintf(stderr, "usage: cohort SETTINGS IMAGE MASK…\n"); return 2; }
    double start = cpu_seconds();
    TRY(settings_read_file(&s, argv[1], argv[1], NULL, UNITS_SUV, &e));
    for (int i = 2; i < argc; i += 2) TRY(one(argv[i], argv[i + 1], &s, &values, &e));
    printf("%.4f s of CPU for %d images, %zu values\n", cpu_seconds() - start, (argc - 2) / 2, values);
out:
    if (rc != OK) fprintf(stderr, "cohort: %s\n", e.text);
    settings_free(&s);
    return rc != OK;
}
