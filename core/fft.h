/* core/fft.h: discrete Fourier transforms in double precision. */
#ifndef REOX_CORE_FFT_H
#define REOX_CORE_FFT_H

#include <stddef.h>

#include "core/err.h"

/* Smallest length >= n whose only prime factors are 2, 3 and 5: the lengths that are fastest. */
int fft_good_length(int n);

/* In-place transform of n complex values (re, im interleaved). sign -1: forward, +1: backward, neither scaled. Any
 * n >= 1, in O(n log n). Fails with ERR_NOMEM. */
Rc fft_1d(double *z, int n, int sign, Err *e);

/* In-place transform of an n[0] x n[1] x n[2] complex array, x fastest, re and im interleaved. Not scaled. */
Rc fft_3d(double *z, const int n[3], int sign, Err *e);

/* What a length needs once (factors, roots of unity), for callers with many lines of it. May be shared by threads. */
typedef struct FftPlan FftPlan;
Rc fft_plan_new(FftPlan **out, int n, Err *e);
void fft_plan_free(FftPlan *p);

/* Doubles that fft_lines needs as work for so many lanes. */
size_t fft_work(const FftPlan *p, size_t lanes);

/* Transforms `lanes` sequences at once, in place: value k of sequence j is re[k*lanes + j], im[k*lanes + j]. The
 * result of a sequence does not depend on its neighbours. sign as above, not scaled. */
void fft_lines(const FftPlan *p, double *re, double *im, size_t lanes, int sign, double *work);

#endif
