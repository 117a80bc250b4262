/* core/str.c: growable text, and numbers to text and back without a locale. */
#include "core/str.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(Str *b, size_t more)
{
    if (b->failed) return false;
    if (more >= SIZE_MAX - b->len - 1) { b->failed = true; return false; }
    size_t need = b->len + more + 1;
    if (need <= b->cap) return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need) cap = cap > SIZE_MAX / 2 ? need : 2 * cap;
    char *s = realloc(b->s, cap);
    if (!s) { b->failed = true; return false; }
    b->s = s;
    b->cap = cap;
    return true;
}

void str_append_n(Str *b, const char *bytes, size_t n)
{
    if (!reserve(b, n)) return;
    if (n) memcpy(b->s + b->len, bytes, n);
    b->len += n;
    b->s[b->len] = '\0';
}

void str_append(Str *b, const char *text) { str_append_n(b, text, strlen(text)); }
void str_append_char(Str *b, char c) { str_append_n(b, &c, 1); }

void str_appendf(Str *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0) { b->failed = true; return; }
    if (!reserve(b, (size_t)n)) return;
    va_start(ap, format);
    vsnprintf(b->s + b->len, (size_t)n + 1, format, ap);
    va_end(ap);
    b->len += (size_t)n;
}

Rc str_check(const Str *b, Err *e) { return b->failed ? err_nomem(e) : OK; }
const char *str_text(const Str *b) { return b->s ? b->s : ""; }

char *str_take(Str *b)
{
    if (!b->s && !b->failed) reserve(b, 0);
    char *s = b->failed ? NULL : b->s;
    if (s) s[b->len] = '\0';
    else free(b->s);
    *b = (Str){ 0 };
    return s;
}

void str_free(Str *b)
{
    free(b->s);
    *b = (Str){ 0 };
}

/* ---- numbers to text */

/* printf follows LC_NUMERIC; nothing here calls setlocale, but a library might. */
static void point_decimal(char *s)
{
    for (; *s; s++) if (*s == ',') *s = '.';
}

/* Powers of five that 64 bits hold. */
static const uint64_t FIVE[] = { 1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125, 6103515625,
                                 30517578125, 152587890625, 762939453125, 3814697265625, 19073486328125, 95367431640625, 476837158203125,
                                 2384185791015625, 11920928955078125, 59604644775390625, 298023223876953125, 1490116119384765625,
                                 7450580596923828125 };
enum { FIVES = 27, DIGITS_MAX = 17 };
__extension__ typedef unsigned __int128 Wide;

/* m 2^e times 10^k to the nearest whole number, halves to the even one: exact, as m 5^k fits 192 bits for k <= 2 * FIVES. The result must
 * be below 2^63. */
static uint64_t scaled(uint64_t m, int e, int k)
{
    const Wide five = (Wide)FIVE[k < FIVES ? k : FIVES] * FIVE[k < FIVES ? 0 : k - FIVES];
    const Wide low = (Wide)m * (uint64_t)five, high = (Wide)m * (uint64_t)(five >> 64) + (low >> 64);
    const uint64_t w[4] = { (uint64_t)low, (uint64_t)high, (uint64_t)(high >> 64), 0 };
    const int shift = -(e + k);
    if (shift <= 0) return w[0] << -shift;
    const int word = shift / 64, bits = shift % 64, half = (shift - 1) / 64;
    uint64_t whole = w[word] >> bits | (bits ? w[word + 1] << (64 - bits) : 0);
    const uint64_t top = (uint64_t)1 << (shift - 1) % 64;
    bool below = (w[half] & (top - 1)) != 0;
    for (int i = 0; i < half; i++) below = below || w[i] != 0;
    if (w[half] & top && (below || whole & 1)) whole++;
    return whole;
}

/* x as printf's "%.*g" has it, for 1e-37 <= |x| < 1e14 and 15 to 17 digits; false for others, which printf writes. */
static bool write_plainly(char *to, double x, int digits)
{
    static const uint64_t ten[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
                                    10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000 };
    const double size = fabs(x);
    if (!(size >= 1e-37 && size < 1e14)) return false;
    int e;
    const uint64_t m = (uint64_t)ldexp(frexp(size, &e), 53);                   /* size = m 2^(e - 53), 2^52 <= m */
    int exponent = (int)floor((e - 1) * 0.30102999566398114);                   /* of ten; one too low at times */
    uint64_t d = scaled(m, e - 53, digits - 1 - exponent);
    while (d >= ten[digits]) d = scaled(m, e - 53, digits - 1 - ++exponent);
    char text[DIGITS_MAX + 1];
    int n = digits;
    for (int i = digits; i-- > 0; d /= 10) text[i] = (char)('0' + d % 10);
    while (n > 1 && text[n - 1] == '0') n--;
    if (x < 0) *to++ = '-';
    if (exponent < -4) {                                                       /* 1.25e-07 */
        *to++ = text[0];
        if (n > 1) { *to++ = '.'; memcpy(to, text + 1, (size_t)n - 1); to += n - 1; }
        memcpy(to, "e-", 2);
        to[2] = (char)('0' + -exponent / 10);
        to[3] = (char)('0' + -exponent % 10);
        to[4] = 0;
        return true;
    }
    if (exponent < 0) {                                                        /* 0.00125 */
        memcpy(to, "0.000", 5);
        to += 1 - exponent;
        memcpy(to, text, (size_t)n);
        to[n] = 0;
        return true;
    }
    const int whole = exponent + 1;                                            /* 12.5, 1200 */
    for (int i = 0; i < whole; i++) *to++ = text[i];
    if (n > whole) { *to++ = '.'; memcpy(to, text + whole, (size_t)(n - whole)); to += n - whole; }
    *to = 0;
    return true;
}

static char *write_digits(char buf[NUMBER_TEXT_MAX], double x, int digits)
{
    if (x == 0 || !write_plainly(buf, x, digits)) {
        snprintf(buf, NUMBER_TEXT_MAX, "%.*g", digits, x);
        point_decimal(buf);
    }
    return buf;
}

char *number_write(char buf[NUMBER_TEXT_MAX], double x)
{
    if (isnan(x)) snprintf(buf, NUMBER_TEXT_MAX, "NA");
    else if (isinf(x)) snprintf(buf, NUMBER_TEXT_MAX, x > 0 ? "Inf" : "-Inf");
    else write_digits(buf, x, DIGITS_MAX);
    return buf;
}

char *number_write_short(char buf[NUMBER_TEXT_MAX], double x)
{
    if (!isfinite(x)) return number_write(buf, x);
    for (int digits = 15; digits <= DIGITS_MAX; digits++) {
        double back;
        write_digits(buf, x, digits);
        if (digits == DIGITS_MAX || (number_read(&back, buf) && back == x)) break;
    }
    return buf;
}

/* Powers of ten that a double holds exactly. */
static const double POWER[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
                                1e20, 1e21, 1e22 };

/* What the scan of a number found: digits as one whole number while they fit, and the power of ten that belongs to them. */
typedef struct {
    uint64_t whole;
    int scale;                 /* decimal places among the digits of whole */
    size_t digits;
    bool fits;
} Digits;

/* Eight bytes that are digits, the first the lowest byte, to a number: pairs, fours, eight. */
static bool eight_digits(uint64_t *out, const char *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;
    memcpy(&v, p, sizeof v);
    const uint64_t high = 0xF0F0F0F0F0F0F0F0u;
    if (((v & high) | ((v + 0x0606060606060606u) & high) >> 4) != 0x3333333333333333u) return false;
    v -= 0x3030303030303030u;
    v = 10 * v + (v >> 8);
    *out = ((v & 0x000000FF000000FFu) * 0x000F424000000064u + (v >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >> 32;
    return true;
#else
    (void)out;
    (void)p;
    return false;
#endif
}

static const char *scan_digits(const char *p, const char *end, Digits *d, bool behind_point)
{
    const uint64_t most = 1000000000000000000u;      /* below it there is room for one digit more */
    const char *from = p;
    uint64_t eight;
    for (; end - p >= 8 && d->whole < most / 10000000 && eight_digits(&eight, p); p += 8) d->whole = 100000000 * d->whole + eight;
    for (; *p >= '0' && *p <= '9' && d->whole < most; p++) d->whole = 10 * d->whole + (uint64_t)(*p - '0');
    if (behind_point) d->scale += (int)(p - from);
    for (; *p >= '0' && *p <= '9'; p++) d->fits = false;
    d->digits += (size_t)(p - from);
    return p;
}

/* strtod, whatever decimal sign the locale wants. */
static bool read_slowly(double *x, const char *text, size_t n, const char *point)
{
    char few[128], *copy = n < sizeof few ? few : malloc(n + 1), *end;
    if (!copy) return false;
    memcpy(copy, text, n);
    copy[n] = 0;
    double v = strtod(copy, &end);
    if (*end && point) {
        copy[point - text] = *end == '.' ? ',' : *end;
        v = strtod(copy, &end);
    }
    const bool whole = !*end;
    if (copy != few) free(copy);
    if (!whole || !isfinite(v)) return false;
    *x = v;
    return true;
}

/* x * 2^k, where that is far from both ends of the range. */
static double times_power_of_two(double x, int k)
{
    const uint64_t bits = (uint64_t)(1023 + k) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return x * power;
}

/* whole * 10^exponent for |exponent| <= FIVES, rounded once: the product with, or the quotient by, a power of five in whole numbers of
 * 128 bits. 63 leading bits and whether anything follows say how to round to 53. */
static double scaled_exactly(uint64_t whole, int exponent)
{
    const int up = __builtin_clzll(whole);
    const uint64_t five = FIVE[exponent < 0 ? -exponent : exponent];
    if (exponent >= 0) {
        const Wide product = (Wide)(whole << up) * five;
        const uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
        if (!high) return times_power_of_two((double)low, exponent - up);
        const int more = __builtin_clzll(high);
        const uint64_t lead = (uint64_t)(product << more >> 64), rest = (uint64_t)(product << more);
        return times_power_of_two((double)(lead | (rest != 0)), 64 - more - up + exponent);
    }
    const int five_up = __builtin_clzll(five);
    const uint64_t divisor = five << five_up;
    const Wide dividend = (Wide)(whole << up) << 63;
    const uint64_t quotient = (uint64_t)(dividend / divisor), rest = (uint64_t)dividend - quotient * divisor;
    return times_power_of_two((double)(quotient | (rest != 0)), five_up - up - 63 + exponent);
}

const char *number_scan(double *x, const char *text, const char *end)
{
    const char *p = text, *point = NULL;
    Digits d = { .fits = true };
    int exponent = 0;
    bool negative = *p == '-';
    if (*p == '+' || *p == '-') p++;
    p = scan_digits(p, end, &d, false);
    if (*p == '.') {
        point = p++;
        p = scan_digits(p, end, &d, true);
    }
    if (!d.digits) return NULL;
    if (*p == 'e' || *p == 'E') {
        p++;
        bool down = *p == '-';
        if (*p == '+' || *p == '-') p++;
        if (*p < '0' || *p > '9') return NULL;
        for (; *p >= '0' && *p <= '9'; p++) if (exponent < 10000) exponent = 10 * exponent + (*p - '0');
        if (down) exponent = -exponent;
    }
    exponent -= d.scale;
    if (d.fits && d.whole <= (uint64_t)1 << 53 && exponent >= -22 && exponent <= 22) {
        /* Whole number and power of ten both exact: one operation rounds once, as strtod does (Clinger 1990). */
        double v = exponent < 0 ? (double)d.whole / POWER[-exponent] : (double)d.whole * POWER[exponent];
        *x = negative ? -v : v;
        return p;
    }
    if (d.fits && d.whole && exponent >= -FIVES && exponent <= FIVES) {
        double v = scaled_exactly(d.whole, exponent);
        *x = negative ? -v : v;
        return p;
    }
    return read_slowly(x, text, (size_t)(p - text), point) ? p : NULL;
}

bool number_read(double *x, const char *text)
{
    double v = 0;
    const char *end = number_scan(&v, text, text);
    if (!end || *end) return false;
    *x = v;
    return true;
}

char *text_copy(const char *text)
{
    size_t n = strlen(text) + 1;
    char *p = malloc(n);
    if (p) memcpy(p, text, n);
    return p;
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

bool text_equal_nocase(const char *a, const char *b)
{
    if (a == b) return true;
    if (!a || !b) return false;
    while (*a && lower((unsigned char)*a) == lower((unsigned char)*b)) { a++; b++; }
    return lower((unsigned char)*a) == lower((unsigned char)*b);
}

char *text_slug(char *out, const char *text)
{
    char *o = out;
    for (const char *p = text; *p; p++) {
        int c = lower((unsigned char)*p);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) *o++ = (char)c;
        else if (o > out && o[-1] != '_') *o++ = '_';
    }
    if (o > out && o[-1] == '_') o--;
    *o = '\0';
    return out;
}

int text_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t na = strlen(a), nb = strlen(b);
    if (na > LONGEST || nb > LONGEST) return LONGEST;
    int row[LONGEST + 1];
    for (size_t j = 0; j <= nb; j++) row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int best = diagonal + (lower((unsigned char)a[i - 1]) != lower((unsigned char)b[j - 1]));
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[nb];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
    const char *best = NULL;
    int best_d = (int)(strlen(word) / 3) + 2;
    for (size_t i = 0; i < n; i++) {
        int d = text_distance(word, words[i]);
        if (d < best_d) { best_d = d; best = words[i]; }
    }
    return best;
}
