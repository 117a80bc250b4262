/* core/fft.c: discrete Fourier transforms. Lengths of the factors 2, 3, 5 (and small primes) go through Stockham's
 * self-sorting decimation in frequency; a length with a large prime goes through Bluestein's chirp. Many lines are
 * transformed side by side, so that the innermost loop runs over neighbours in memory.
 * Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992, sections 1.7 and 4.2. */
#include "core/fft.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGES_MAX = 31,          /* 2^31 is beyond any int length */
    RADIX_MAX = 31,           /* primes above go through Bluestein */
    LANES = 8                 /* lines that fft_3d takes side by side: a cache line of doubles */
};

typedef struct {
    int radix;
    double *twiddle;          /* [m][radix-1] re, im: exp(-2 pi i p k / n) of p < m = n/radix, k = 1 … radix-1;
                               * behind them the `radix` roots of the radix itself */
} Stage;

struct FftPlan {
    int n;
    int stages;
    Stage stage[STAGES_MAX];
    double *memory;
    /* Bluestein: */
    FftPlan *inner;           /* of length >= 2n-1; NULL when n is smooth */
    double *chirp;            /* [n] re, im: exp(-i pi k^2 / n) */
    double *kernel;           /* [inner->n] re, im: transform of the conjugate chirp, divided by inner->n */
};

int fft_good_length(int n)
{
    for (int m = n < 1 ? 1 : n;; m++) {
        int r = m;
        while (r % 2 == 0) r /= 2;
        while (r % 3 == 0) r /= 3;
        while (r % 5 == 0) r /= 5;
        if (r == 1) return m;
    }
}

/* exp(-2 pi i k / n). In long double, which is C code in the libc whatever the processor, and rounded once. */
static void root_of_unity(double w[2], long long k, long long n)
{
    const long double turn = 6.283185307179586476925286766559005768L;
    k %= n;
    long long quarter = (8 * k + n) / (2 * n);                 /* the nearest one: symmetric roots come out symmetric */
    long double a = turn * (long double)(4 * k - quarter * n) / (4.0L * (long double)n);
    long double c = cosl(a), s = sinl(a);
    int q = (int)(quarter % 4);
    long double re = q == 0 ? c : q == 1 ? -s : q == 2 ? -c : s;
    long double im = q == 0 ? s : q == 1 ? c : q == 2 ? -s : -c;
    w[0] = (double)re;
    w[1] = (double)-im;
}

/* Factors of n, fours first; -1 when a prime above RADIX_MAX remains. */
static int factor(int radix[STAGES_MAX], int n)
{
    static const int first[] = { 4, 2, 3, 5 };
    int count = 0;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        while (n % first[i] == 0) { radix[count++] = first[i]; n /= first[i]; }
    for (int p = 7; p <= RADIX_MAX; p += 2)
        while (n % p == 0) { radix[count++] = p; n /= p; }
    return n == 1 ? count : -1;
}

static Rc plan_smooth(FftPlan *p, const int *radix, Err *e)
{
    size_t size = 0;
    int n = p->n;
    for (int i = 0; i < p->stages; i++) {
        size += 2 * (size_t)(n / radix[i]) * (size_t)(radix[i] - 1) + 2 * (size_t)radix[i];
        n /= radix[i];
    }
    p->memory = malloc(sizeof(double) * (size ? size : 1));
    if (!p->memory) return err_nomem(e);
    double *next = p->memory;
    n = p->n;
    for (int i = 0; i < p->stages; i++) {
        int r = radix[i], m = n / r;
        p->stage[i].radix = r;
        p->stage[i].twiddle = next;
        for (int j = 0; j < m; j++)
            for (int k = 1; k < r; k++, next += 2) root_of_unity(next, (long long)j * k, n);
        for (int k = 0; k < r; k++, next += 2) root_of_unity(next, k, r);
        n = m;
    }
    return OK;
}

static Rc plan_bluestein(FftPlan *p, Err *e)
{
    Rc rc = OK;
    int n = p->n, m = fft_good_length(2 * n - 1);
    double *work = NULL, *split = NULL;

    TRY(fft_plan_new(&p->inner, m, e));
    p->memory = malloc(sizeof(double) * 2 * ((size_t)n + (size_t)m));
    split = calloc(2 * (size_t)m, sizeof(double));
    work = malloc(sizeof(double) * fft_work(p->inner, 1));
    if (!p->memory || !split || !work) { rc = err_nomem(e); goto out; }
    p->chirp = p->memory;
    p->kernel = p->memory + 2 * (size_t)n;
    for (int k = 0; k < n; k++) {
        double *w = p->chirp + 2 * (size_t)k;
        root_of_unity(w, (long long)k * k % (2LL * n), 2LL * n);
        int mirror = (m - k) % m;
        split[k] = split[mirror] = w[0] / m;
        split[m + k] = split[m + mirror] = -w[1] / m;
    }
    fft_lines(p->inner, split, split + m, 1, -1, work);
    for (int k = 0; k < m; k++) {
        p->kernel[2 * k] = split[k];
        p->kernel[2 * k + 1] = split[m + k];
    }
out:
    free(split);
    free(work);
    return rc;
}

Rc fft_plan_new(FftPlan **out, int n, Err *e)
{
    Rc rc = OK;
    int radix[STAGES_MAX];
    assert(n >= 1 && n <= 1 << 29);
    FftPlan *p = calloc(1, sizeof *p);
    if (!p) return err_nomem(e);
    p->n = n;
    p->stages = factor(radix, n);
    if (p->stages >= 0) TRY(plan_smooth(p, radix, e));
    else TRY(plan_bluestein(p, e));
    *out = p;
    p = NULL;
out:
    fft_plan_free(p);
    return rc;
}

void fft_plan_free(FftPlan *p)
{
    if (!p) return;
    fft_plan_free(p->inner);
    free(p->memory);
    free(p);
}

size_t fft_work(const FftPlan *p, size_t lanes)
{
    if (p->inner) return 2 * (size_t)p->inner->n * lanes + fft_work(p->inner, lanes);
    return 2 * (size_t)p->n * lanes;
}

/* One stage of a transform of current length r*m at stride s: input x[q + s(p + mk)], output y[q + s(rp + k)]. */
typedef struct {
    const double *xr, *xi;
    double *yr, *yi;
    const double *w;
    size_t m, s;
} Pass;

static void pass_2(const Pass *a)
{
    size_t s = a->s, m = a->m;
    for (size_t p = 0; p < m; p++) {
        const double wr = a->w[2 * p], wi = a->w[2 * p + 1];
        const double *restrict ar = a->xr + s * p, *restrict ai = a->xi + s * p;
        const double *restrict br = a->xr + s * (p + m), *restrict bi = a->xi + s * (p + m);
        double *restrict yr = a->yr + s * 2 * p, *restrict yi = a->yi + s * 2 * p;
        for (size_t q = 0; q < s; q++) {
            double dr = ar[q] - br[q], di = ai[q] - bi[q];
            yr[q] = ar[q] + br[q];
            yi[q] = ai[q] + bi[q];
            yr[s + q] = dr * wr - di * wi;
            yi[s + q] = dr * wi + di * wr;
        }
    }
}

static void pass_3(const Pass *a)
{
    const double h = 0.86602540378443864676;                   /* sin 60 degrees */
    size_t s = a->s, m = a->m;
    for (size_t p = 0; p < m; p++) {
        const double *w = a->w + 4 * p;
        const double w1r = w[0], w1i = w[1], w2r = w[2], w2i = w[3];
        const double *restrict xr = a->xr + s * p, *restrict xi = a->xi + s * p;
        double *restrict yr = a->yr + s * 3 * p, *restrict yi = a->yi + s * 3 * p;
        for (size_t q = 0; q < s; q++) {
            double ar = xr[q], ai = xi[q], br = xr[s * m + q], bi = xi[s * m + q];
            double cr = xr[2 * s * m + q], ci = xi[2 * s * m + q];
            double tr = br + cr, ti = bi + ci, ur = ar - 0.5 * tr, ui = ai - 0.5 * ti;
            double vr = h * (br - cr), vi = h * (bi - ci);
            double y1r = ur + vi, y1i = ui - vr, y2r = ur - vi, y2i = ui + vr;
            yr[q] = ar + tr;
            yi[q] = ai + ti;
            yr[s + q] = y1r * w1r - y1i * w1i;
            yi[s + q] = y1r * w1i + y1i * w1r;
            yr[2 * s + q] = y2r * w2r - y2i * w2i;
            yi[2 * s + q] = y2r * w2i + y2i * w2r;
        }
    }
}

static void pass_4(const Pass *a)
{
    size_t s = a->s, m = a->m;
    for (size_t p = 0; p < m; p++) {
        const double *w = a->w + 6 * p;
        const double w1r = w[0], w1i = w[1], w2r = w[2], w2i = w[3], w3r = w[4], w3i = w[5];
        const double *restrict xr = a->xr + s * p, *restrict xi = a->xi + s * p;
        double *restrict yr = a->yr + s * 4 * p, *restrict yi = a->yi + s * 4 * p;
        for (size_t q = 0; q < s; q++) {
            double ar = xr[q], ai = xi[q], br = xr[s * m + q], bi = xi[s * m + q];
            double cr = xr[2 * s * m + q], ci = xi[2 * s * m + q], dr = xr[3 * s * m + q], di = xi[3 * s * m + q];
            double acr = ar + cr, aci = ai + ci, amr = ar - cr, ami = ai - ci;
            double bdr = br + dr, bdi = bi + di, bmr = br - dr, bmi = bi - di;
            double y1r = amr + bmi, y1i = ami - bmr;           /* (a-c) - i(b-d) */
            double y2r = acr - bdr, y2i = aci - bdi;
            double y3r = amr - bmi, y3i = ami + bmr;
            yr[q] = acr + bdr;
            yi[q] = aci + bdi;
            yr[s + q] = y1r * w1r - y1i * w1i;
            yi[s + q] = y1r * w1i + y1i * w1r;
            yr[2 * s + q] = y2r * w2r - y2i * w2i;
            yi[2 * s + q] = y2r * w2i + y2i * w2r;
            yr[3 * s + q] = y3r * w3r - y3i * w3i;
            yi[3 * s + q] = y3r * w3i + y3i * w3r;
        }
    }
}

static void pass_5(const Pass *a)
{
    const double c1 = 0.30901699437494742410, c2 = -0.80901699437494742410;   /* cos 72, cos 144 degrees */
    const double s1 = 0.95105651629515357212, s2 = 0.58778525229247312917;    /* sin 72, sin 144 degrees */
    size_t s = a->s, m = a->m, step = s * m;
    for (size_t p = 0; p < m; p++) {
        const double *w = a->w + 8 * p;
        const double *restrict xr = a->xr + s * p, *restrict xi = a->xi + s * p;
        double *restrict yr = a->yr + s * 5 * p, *restrict yi = a->yi + s * 5 * p;
        const double w1r = w[0], w1i = w[1], w2r = w[2], w2i = w[3], w3r = w[4], w3i = w[5], w4r = w[6], w4i = w[7];
        for (size_t q = 0; q < s; q++) {
            double ar = xr[q], ai = xi[q];
            double t1r = xr[step + q] + xr[4 * step + q], t1i = xi[step + q] + xi[4 * step + q];
            double d1r = xr[step + q] - xr[4 * step + q], d1i = xi[step + q] - xi[4 * step + q];
            double t2r = xr[2 * step + q] + xr[3 * step + q], t2i = xi[2 * step + q] + xi[3 * step + q];
            double d2r = xr[2 * step + q] - xr[3 * step + q], d2i = xi[2 * step + q] - xi[3 * step + q];
            double ur = ar + c1 * t1r + c2 * t2r, ui = ai + c1 * t1i + c2 * t2i;
            double vr = ar + c2 * t1r + c1 * t2r, vi = ai + c2 * t1i + c1 * t2i;
            double er = s1 * d1r + s2 * d2r, ei = s1 * d1i + s2 * d2i;
            double fr = s2 * d1r - s1 * d2r, fi = s2 * d1i - s1 * d2i;
            double y1r = ur + ei, y1i = ui - er, y4r = ur - ei, y4i = ui + er;
            double y2r = vr + fi, y2i = vi - fr, y3r = vr - fi, y3i = vi + fr;
            yr[q] = ar + t1r + t2r;
            yi[q] = ai + t1i + t2i;
            yr[s + q] = y1r * w1r - y1i * w1i;
            yi[s + q] = y1r * w1i + y1i * w1r;
            yr[2 * s + q] = y2r * w2r - y2i * w2i;
            yi[2 * s + q] = y2r * w2i + y2i * w2r;
            yr[3 * s + q] = y3r * w3r - y3i * w3i;
            yi[3 * s + q] = y3r * w3i + y3i * w3r;
            yr[4 * s + q] = y4r * w4r - y4i * w4i;
            yi[4 * s + q] = y4r * w4i + y4i * w4r;
        }
    }
}

static void pass_any(const Pass *a, int r)
{
    const double *root = a->w + 2 * a->m * (size_t)(r - 1);    /* the radix's own roots stand behind the twiddles */
    size_t s = a->s, m = a->m;
    for (size_t p = 0; p < m; p++)
        for (int k = 0; k < r; k++) {
            const double *w = k ? a->w + 2 * (p * (size_t)(r - 1) + (size_t)(k - 1)) : root;
            double *restrict yr = a->yr + s * ((size_t)r * p + (size_t)k), *restrict yi = a->yi + s * ((size_t)r * p + (size_t)k);
            for (size_t q = 0; q < s; q++) {
                double br = 0, bi = 0;
                for (int j = 0; j < r; j++) {
                    size_t at = q + s * (p + m * (size_t)j);
                    const double *u = root + 2 * (j * k % r);
                    br += a->xr[at] * u[0] - a->xi[at] * u[1];
                    bi += a->xr[at] * u[1] + a->xi[at] * u[0];
                }
                yr[q] = br * w[0] - bi * w[1];
                yi[q] = br * w[1] + bi * w[0];
            }
        }
}

static void lines_smooth(const FftPlan *p, double *re, double *im, size_t lanes, double *work)
{
    size_t total = (size_t)p->n * lanes;
    double *xr = re, *xi = im, *yr = work, *yi = work + total;
    size_t n = (size_t)p->n, s = lanes;
    for (int i = 0; i < p->stages; i++) {
        int r = p->stage[i].radix;
        Pass pass = { xr, xi, yr, yi, p->stage[i].twiddle, n / (size_t)r, s };
        switch (r) {
        case 2: pass_2(&pass); break;
        case 3: pass_3(&pass); break;
        case 4: pass_4(&pass); break;
        case 5: pass_5(&pass); break;
        default: pass_any(&pass, r);
        }
        double *t = xr; xr = yr; yr = t;
        t = xi; xi = yi; yi = t;
        n /= (size_t)r;
        s *= (size_t)r;
    }
    if (xr != re) {
        memcpy(re, xr, total * sizeof *re);
        memcpy(im, xi, total * sizeof *im);
    }
}

/* X_k = c_k sum_j (x_j c_j) conj(c_(k-j)) with c_k = exp(-i pi k^2/n): a convolution, done at a smooth length. */
static void lines_bluestein(const FftPlan *p, double *re, double *im, size_t lanes, double *work)
{
    size_t n = (size_t)p->n, m = (size_t)p->inner->n;
    double *ar = work, *ai = work + m * lanes, *rest = work + 2 * m * lanes;
    for (size_t k = 0; k < n; k++)
        for (size_t q = k * lanes, end = q + lanes; q < end; q++) {
            double cr = p->chirp[2 * k], ci = p->chirp[2 * k + 1];
            ar[q] = re[q] * cr - im[q] * ci;
            ai[q] = re[q] * ci + im[q] * cr;
        }
    memset(ar + n * lanes, 0, (m - n) * lanes * sizeof *ar);
    memset(ai + n * lanes, 0, (m - n) * lanes * sizeof *ai);
    lines_smooth(p->inner, ar, ai, lanes, rest);
    for (size_t k = 0; k < m; k++)
        for (size_t q = k * lanes, end = q + lanes; q < end; q++) {
            double kr = p->kernel[2 * k], ki = p->kernel[2 * k + 1], r = ar[q];
            ar[q] = r * kr - ai[q] * ki;
            ai[q] = r * ki + ai[q] * kr;
        }
    lines_smooth(p->inner, ai, ar, lanes, rest);               /* backward: real and imaginary part change places */
    for (size_t k = 0; k < n; k++)
        for (size_t q = k * lanes, end = q + lanes; q < end; q++) {
            double cr = p->chirp[2 * k], ci = p->chirp[2 * k + 1];
            re[q] = ar[q] * cr - ai[q] * ci;
            im[q] = ar[q] * ci + ai[q] * cr;
        }
}

void fft_lines(const FftPlan *p, double *re, double *im, size_t lanes, int sign, double *work)
{
    if (sign > 0) { double *t = re; re = im; im = t; }
    if (p->inner) lines_bluestein(p, re, im, lanes, work);
    else lines_smooth(p, re, im, lanes, work);
}

/* All lines of one axis: n values at distance `stride`, for `inner` neighbours (distance 1) and `outer` blocks. */
static Rc transform_axis(double *z, int n, size_t stride, const size_t count[2], const size_t step[2], int sign, Err *e)
{
    Rc rc = OK;
    FftPlan *p = NULL;
    double *line = NULL;

    TRY(fft_plan_new(&p, n, e));
    size_t total = (size_t)n * LANES;
    line = malloc(sizeof(double) * (2 * total + fft_work(p, LANES)));
    if (!line) { rc = err_nomem(e); goto out; }
    double *re = line, *im = line + total, *work = line + 2 * total;
    for (size_t o = 0; o < count[1]; o++)
        for (size_t i = 0; i < count[0]; i += LANES) {
            size_t lanes = count[0] - i < LANES ? count[0] - i : LANES;
            double *base = z + 2 * (o * step[1] + i * step[0]);
            for (size_t k = 0; k < (size_t)n; k++)
                for (size_t j = 0; j < lanes; j++) {
                    const double *v = base + 2 * (k * stride + j * step[0]);
                    re[k * lanes + j] = v[0];
                    im[k * lanes + j] = v[1];
                }
            fft_lines(p, re, im, lanes, sign, work);
            for (size_t k = 0; k < (size_t)n; k++)
                for (size_t j = 0; j < lanes; j++) {
                    double *v = base + 2 * (k * stride + j * step[0]);
                    v[0] = re[k * lanes + j];
                    v[1] = im[k * lanes + j];
                }
        }
out:
    free(line);
    fft_plan_free(p);
    return rc;
}

Rc fft_1d(double *z, int n, int sign, Err *e)
{
    return transform_axis(z, n, 1, (size_t[2]){ 1, 1 }, (size_t[2]){ (size_t)n, (size_t)n }, sign, e);
}

Rc fft_3d(double *z, const int n[3], int sign, Err *e)
{
    Rc rc = OK;
    size_t nx = (size_t)n[0], ny = (size_t)n[1], nz = (size_t)n[2];

    if (nx > 1) TRY(transform_axis(z, n[0], 1, (size_t[2]){ ny, nz }, (size_t[2]){ nx, nx * ny }, sign, e));
    if (ny > 1) TRY(transform_axis(z, n[1], nx, (size_t[2]){ nx, nz }, (size_t[2]){ 1, nx * ny }, sign, e));
    if (nz > 1) TRY(transform_axis(z, n[2], nx * ny, (size_t[2]){ nx, ny }, (size_t[2]){ 1, nx }, sign, e));
out:
    return rc;
}
