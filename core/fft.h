/* core/fft.h: discrete Fourier transforms in double precision. */
#ifndef REOX_CORE_FFT_H
#define REOX_CORE_FFT_H

#include <stddef.h>

#include "core/err.h"

/* Smallest length >= n whose only prime factors are 2, 3 and 5: what fft_3d is fast at. */
int fft_good_length(int n);

/* In-place transform of n complex values (re, im interleaved). sign -1: forward, +1: backward, neither scaled. Any
 * n >= 1; lengths with other primes than 2, 3, 5 cost O(n * largest prime). Fails with ERR_NOMEM. */
Rc fft_1d(double *z, int n, int sign, Err *e);

/* In-place transform of an n[0] x n[1] x n[2] complex array, x fastest, re and im interleaved. Not scaled. */
Rc fft_3d(double *z, const int n[3], int sign, Err *e);

#endif
