/* stats/rows_kernel.h: the body of stats/rows.c for one width of registers, included once for each: WIDTH numbers a vector, TARGET the
 * attribute that lets the compiler use them, KERNEL(name) the names. A vector wider than the registers would be split through memory, so
 * here it is as wide as they are; lanes never meet, so the bits are the same at each width. */

typedef double KERNEL(Vector) __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
#define V KERNEL(Vector)
#define AT(place) (*(const V *)(place))
#define PUT(place, value) (*(V *)(place) = (value))

/* ---- sums */

/* sum += c_i x_i for `vectors` of a row; row i is the at[i]-th where `at` is not NULL. Few vectors go in several chains, row after row. */
TARGET INLINE void KERNEL(some_sums)(double *sum, const double *x, const double *c, const size_t *at, double sign, size_t n, size_t p,
                                     const int vectors, const int chains)
{
    V s[4][4];
    size_t i = 0;
#pragma GCC unroll 4
    for (int k = 0; k < chains; k++)
#pragma GCC unroll 4
        for (int t = 0; t < vectors; t++) s[k][t] = (V){ 0 };
    for (; i + (size_t)chains <= n; i += (size_t)chains) {
#pragma GCC unroll 4
        for (int k = 0; k < chains; k++) {
            const size_t place = at ? at[i + (size_t)k] : i + (size_t)k;
            const double *row = x + place * p, ci = c ? sign * c[place] : sign;
#pragma GCC unroll 4
            for (int t = 0; t < vectors; t++) s[k][t] += ci * AT(row + WIDTH * t);
        }
    }
    for (; i < n; i++) {
        const size_t place = at ? at[i] : i;
        const double *row = x + place * p, ci = c ? sign * c[place] : sign;
#pragma GCC unroll 4
        for (int t = 0; t < vectors; t++) s[0][t] += ci * AT(row + WIDTH * t);
    }
#pragma GCC unroll 4
    for (int t = 0; t < vectors; t++) {
        V all = s[0][t] + s[1][t];
        if (chains == 4) all += s[2][t] + s[3][t];
        PUT(sum + WIDTH * t, AT(sum + WIDTH * t) + all);
    }
}

TARGET INLINE void KERNEL(sums)(double *sum, const double *x, const double *c, const size_t *at, double sign, size_t n, size_t p)
{
    size_t t = 0;
    for (; t + 4 * WIDTH <= p; t += 4 * WIDTH) KERNEL(some_sums)(sum + t, x + t, c, at, sign, n, p, 4, 2);
    switch ((p - t + WIDTH - 1) / WIDTH) {
    case 1: KERNEL(some_sums)(sum + t, x + t, c, at, sign, n, p, 1, 4); break;
    case 2: KERNEL(some_sums)(sum + t, x + t, c, at, sign, n, p, 2, 2); break;
    case 3: KERNEL(some_sums)(sum + t, x + t, c, at, sign, n, p, 3, 2); break;
    case 4: KERNEL(some_sums)(sum + t, x + t, c, at, sign, n, p, 4, 2); break;
    default: break;
    }
}

TARGET static void KERNEL(sum)(double *sum, const double *x, const double *c, size_t n, size_t p)
{
    KERNEL(sums)(sum, x, c, NULL, 1, n, p);
}

TARGET static void KERNEL(subtract)(double *sum, const double *x, const double *c, const size_t *at, size_t n, size_t p)
{
    KERNEL(sums)(sum, x, c, at, -1, n, p);
}

/* ---- standardised columns: `vectors` of a row from t on */

TARGET INLINE void KERNEL(some_squares)(double *sum, const double *x, const double *center, const double *factor, size_t n, size_t p, const int vectors)
{
    V s[2], c[2], f[2];
#pragma GCC unroll 2
    for (int t = 0; t < vectors; t++) { s[t] = AT(sum + WIDTH * t); c[t] = AT(center + WIDTH * t); f[t] = AT(factor + WIDTH * t); }
    for (size_t i = 0; i < n; i++) {
#pragma GCC unroll 2
        for (int t = 0; t < vectors; t++) {
            const V y = (AT(x + i * p + WIDTH * t) - c[t]) * f[t];
            s[t] += y * y;
        }
    }
#pragma GCC unroll 2
    for (int t = 0; t < vectors; t++) PUT(sum + WIDTH * t, s[t]);
}

TARGET static void KERNEL(squares)(double *sum, const double *x, const double *center, const double *factor, size_t n, size_t p)
{
    size_t t = 0;
    for (; t + WIDTH < p; t += 2 * WIDTH) KERNEL(some_squares)(sum + t, x + t, center + t, factor + t, n, p, 2);
    if (t < p) KERNEL(some_squares)(sum + t, x + t, center + t, factor + t, n, p, 1);
}

TARGET static void KERNEL(standardise)(double *x, const double *center, const double *factor, size_t n, size_t p)
{
    for (size_t i = 0; i < n; i++, x += p) {
        size_t t = 0;
        for (; t + WIDTH <= p; t += WIDTH) PUT(x + t, (AT(x + t) - AT(center + t)) * AT(factor + t));
        for (; t < p; t++) x[t] = (x[t] - center[t]) * factor[t];
    }
}

/* ---- cross products */

/* `height` rows of the triangle from j on, `width` vectors of each from t on. */
TARGET INLINE void KERNEL(tile)(double *packed, const double *x, size_t stride, const double *v, size_t n, size_t j, size_t t,
                                const int height, const int width)
{
    V s[4][2];
    double *to = packed + rows_packed_row(j) + t;
    const size_t length = LANES * (j / LANES + 1);
#pragma GCC unroll 4
    for (int a = 0; a < height; a++)
#pragma GCC unroll 2
        for (int b = 0; b < width; b++) s[a][b] = (V){ 0 };
    for (size_t i = 0; i < n; i++) {
        const double *row = x + i * stride, vi = v ? v[i] : 1;
        V y[2];
#pragma GCC unroll 2
        for (int b = 0; b < width; b++) y[b] = vi * AT(row + t + WIDTH * b);
#pragma GCC unroll 4
        for (int a = 0; a < height; a++) {
            const double xj = row[j + (size_t)a];
#pragma GCC unroll 2
            for (int b = 0; b < width; b++) s[a][b] += xj * y[b];
        }
    }
#pragma GCC unroll 4
    for (int a = 0; a < height; a++)
#pragma GCC unroll 2
        for (int b = 0; b < width; b++) PUT(to + (size_t)a * length + WIDTH * b, AT(to + (size_t)a * length + WIDTH * b) + s[a][b]);
}

TARGET INLINE void KERNEL(band)(double *packed, const double *x, size_t stride, const double *v, size_t n, size_t j, const int height)
{
    const size_t last = j + (size_t)height;
    size_t t = 0;
    for (; t + WIDTH < last; t += 2 * WIDTH) KERNEL(tile)(packed, x, stride, v, n, j, t, height, 2);
    if (t < last) KERNEL(tile)(packed, x, stride, v, n, j, t, height, 1);
}

TARGET INLINE void KERNEL(cross_group)(double *packed, const double *x, size_t stride, const double *v, size_t n, size_t p)
{
    size_t j = 0;
    for (; j + 4 <= p; j += 4) KERNEL(band)(packed, x, stride, v, n, j, 4);
    switch (p - j) {
    case 1: KERNEL(band)(packed, x, stride, v, n, j, 1); break;
    case 2: KERNEL(band)(packed, x, stride, v, n, j, 2); break;
    case 3: KERNEL(band)(packed, x, stride, v, n, j, 3); break;
    default: break;
    }
}

TARGET static void KERNEL(cross)(double *packed, const double *x, size_t stride, const double *v, size_t n, size_t p)
{
    const size_t step = group(stride);
    for (size_t from = 0; from < n; from += step)
        KERNEL(cross_group)(packed, x + from * stride, stride, v ? v + from : NULL, n - from < step ? n - from : step, p);
}

/* to = v x x'. */
TARGET INLINE void KERNEL(square)(double *to, const double *x, double v, size_t p)
{
    for (size_t j = 0; j < p; j++) {
        const double vx = v * x[j];
        const size_t length = LANES * (j / LANES + 1);
        for (size_t t = 0; t < length; t += WIDTH, to += WIDTH) PUT(to, vx * AT(x + t));
    }
}

TARGET static void KERNEL(combine)(double *packed, const double *room, const double *c, size_t runs, size_t size)
{
    for (size_t q = 0; q < size; q += WIDTH) {
        V s[LANES];
#pragma GCC unroll 8
        for (int w = 0; w < LANES; w++) s[w] = AT(packed + (size_t)w * size + q);
        for (size_t k = 0; k < runs; k++) {
            const V y = AT(room + k * size + q);
#pragma GCC unroll 8
            for (int w = 0; w < LANES; w++) s[w] += c[LANES * k + (size_t)w] * y;
        }
#pragma GCC unroll 8
        for (int w = 0; w < LANES; w++) PUT(packed + (size_t)w * size + q, s[w]);
    }
}

TARGET static void KERNEL(cross_eight)(double *packed, const double *x, size_t stride, const double *v, const size_t *end, const double *c,
                                       size_t runs, size_t p, double *room)
{
    const size_t size = rows_packed(p);
    size_t from = 0;
    for (size_t k0 = 0; k0 < runs; k0 += ROWS_RUNS) {
        const size_t some = runs - k0 < ROWS_RUNS ? runs - k0 : ROWS_RUNS;
        for (size_t k = 0; k < some; from = end[k0 + k++]) {
            const size_t m = end[k0 + k] - from;
            double *own = room + k * size;
            if (m == 1) { KERNEL(square)(own, x + from * stride, v ? v[from] : 1, p); continue; }
            memset(own, 0, size * sizeof *own);
            KERNEL(cross)(own, x + from * stride, stride, v ? v + from : NULL, m, p);
        }
        KERNEL(combine)(packed, room, c + LANES * k0, some, size);
    }
}

#undef V
#undef AT
#undef PUT
#undef WIDTH
#undef TARGET
#undef KERNEL
