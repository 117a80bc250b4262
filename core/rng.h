/* core/rng.h: the one generator of random numbers, a stream an index. */
#ifndef REOX_CORE_RNG_H
#define REOX_CORE_RNG_H

#include <stdint.h>

/* PCG32 (O'Neill 2014, XSH-RR 64/32) with the stream chosen by index. Streams of one seed are independent pieces of work,
 * so results do not depend on which thread does which. Elementary functions come from SLEEF's deterministic versions:
 * same bits on any processor. */
typedef struct { uint64_t state, inc; double spare; int has_spare; } Rng;

Rng rng_stream(uint64_t seed, uint64_t stream);
Rng rng_pcg32(uint64_t state, uint64_t sequence);          /* pcg32_srandom_r as published; for tests and other programs' streams */
uint32_t rng_u32(Rng *r);
double rng_uniform(Rng *r);                                /* (0, 1), 53 bits, never 0 or 1 */
uint32_t rng_below(Rng *r, uint32_t n);                    /* 0 … n-1 without bias; n > 0 */
double rng_normal(Rng *r);                                 /* mean 0, SD 1; polar method */
double rng_exponential(Rng *r);                            /* mean 1 */
double rng_gamma(Rng *r, double shape);                    /* scale 1; Marsaglia & Tsang 2000 */
double rng_beta(Rng *r, double a, double b);

/* Elementary functions whose bits do not depend on the processor (SLEEF 1.0 ULP, no FMA). */
double det_exp(double x);
double det_log(double x);
double det_log2(double x);
double det_pow(double x, double y);
double det_sin(double x);
double det_cos(double x);
double det_erf(double x);

#endif
