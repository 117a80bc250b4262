/* core/rng.c: PCG32 and the variates made of it. The one file that knows SLEEF. */
#include "core/rng.h"

#include <math.h>
#include <sleef.h>

/* SplitMix64's finaliser (Steele, Lea & Flood 2014): every bit of the input reaches every bit of the output. */
static uint64_t mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

Rng rng_pcg32(uint64_t state, uint64_t sequence)
{
    Rng r = { .inc = (sequence << 1) | 1 };

    rng_u32(&r);
    r.state += state;
    rng_u32(&r);
    return r;
}

/* The sequences of one PCG32 state that differ in the increment alone are shifted images of each other; so the state,
 * too, is drawn anew for every stream. */
Rng rng_stream(uint64_t seed, uint64_t stream)
{
    return rng_pcg32(mix64(mix64(seed) ^ stream), stream);
}

uint32_t rng_u32(Rng *r)
{
    uint64_t old = r->state;
    uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27), turn = (uint32_t)(old >> 59);

    r->state = old * 6364136223846793005u + r->inc;
    return (shifted >> turn) | (shifted << ((32 - turn) & 31));
}

double rng_uniform(Rng *r)
{
    uint64_t high = rng_u32(r), low = rng_u32(r), k = (high << 21) ^ (low >> 11);      /* 53 bits */

    return k == 0 ? 0x1p-54 : (double)k * 0x1p-53;
}

uint32_t rng_below(Rng *r, uint32_t n)
{
    uint32_t least = (0u - n) % n;             /* 2^32 mod n: what would favour the small numbers */

    for (;;) {
        uint32_t x = rng_u32(r);
        if (x >= least) return x % n;
    }
}

double rng_normal(Rng *r)
{
    if (r->has_spare) { r->has_spare = 0; return r->spare; }
    for (;;) {                                  /* Marsaglia & Bray 1964 */
        double u = 2 * rng_uniform(r) - 1, v = 2 * rng_uniform(r) - 1, s = u * u + v * v;
        if (s >= 1 || s == 0) continue;
        double f = sqrt(-2 * det_log(s) / s);
        r->spare = v * f;
        r->has_spare = 1;
        return u * f;
    }
}

double rng_exponential(Rng *r)
{
    return -det_log(rng_uniform(r));
}

double rng_gamma(Rng *r, double shape)
{
    if (shape < 1) {                            /* their note: G(a) = G(a+1) U^(1/a) */
        double g = rng_gamma(r, shape + 1);
        return g * det_pow(rng_uniform(r), 1 / shape);
    }
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rng_normal(r), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        double u = rng_uniform(r);
        if (det_log(u) < 0.5 * x * x + d - d * v + d * det_log(v)) return d * v;
    }
}

double rng_beta(Rng *r, double a, double b)
{
    double x = rng_gamma(r, a), y = rng_gamma(r, b);

    return x / (x + y);
}

double det_exp(double x) { return Sleef_cinz_expd1_u10purec(x); }
double det_log(double x) { return Sleef_cinz_logd1_u10purec(x); }
double det_log2(double x) { return Sleef_cinz_log2d1_u10purec(x); }
double det_pow(double x, double y) { return Sleef_cinz_powd1_u10purec(x, y); }
double det_sin(double x) { return Sleef_cinz_sind1_u10purec(x); }
double det_cos(double x) { return Sleef_cinz_cosd1_u10purec(x); }
double det_erf(double x) { return Sleef_cinz_erfd1_u10purec(x); }
