/* reports/format.c: numbers as people read them. */
#include "reports/format.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* printf's text with a real minus sign in front, and without one before a zero. */
static char *with_minus(char buf[FORMAT_MAX], const char *text)
{
    bool negative = *text == '-', zero = strspn(text + negative, "0.") == strlen(text + negative);
    snprintf(buf, FORMAT_MAX, "%s%s", negative && !zero ? "−" : "", text + negative);
    return buf;
}

char *format_fixed(char buf[FORMAT_MAX], double x, int decimals)
{
    char text[FORMAT_MAX - 4];
    if (isnan(x)) snprintf(buf, FORMAT_MAX, "–");
    else if (isinf(x)) snprintf(buf, FORMAT_MAX, x > 0 ? "∞" : "−∞");
    else {
        snprintf(text, sizeof text, fabs(x) < 1e15 ? "%.*f" : "%.*e", decimals, x);
        with_minus(buf, text);
    }
    return buf;
}

char *format_digits(char buf[FORMAT_MAX], double x, int digits)
{
    if (!isfinite(x) || x == 0) return format_fixed(buf, x, 0);
    double size = fabs(x);
    if (size >= 1e6 || size < 1e-4) {
        char text[FORMAT_MAX - 4];
        snprintf(text, sizeof text, "%.*e", digits - 1, x);
        return with_minus(buf, text);
    }
    int whole = (int)floor(log10(size)) + 1, decimals = digits - whole;
    return format_fixed(buf, x, decimals > 0 ? decimals : 0);
}

char *format_signed(char buf[FORMAT_MAX], double x, int decimals)
{
    char plain[FORMAT_MAX];
    format_fixed(plain, x, decimals);
    bool zero = strspn(plain, "0.") == strlen(plain);
    if (x > 0 && !zero) snprintf(buf, FORMAT_MAX, "+%.*s", FORMAT_MAX - 2, plain);
    else memcpy(buf, plain, FORMAT_MAX);
    return buf;
}

char *format_p(char buf[FORMAT_MAX], double p)
{
    if (isnan(p)) return format_fixed(buf, p, 0);
    if (p < 0.001) { snprintf(buf, FORMAT_MAX, "<0.001"); return buf; }
    return format_fixed(buf, p, p < 0.0995 ? 3 : 2);
}

char *format_ratio(char buf[FORMAT_MAX], double x)
{
    if (isnan(x)) return format_fixed(buf, x, 0);
    if (x < 0.01 && x > 0) { snprintf(buf, FORMAT_MAX, "<0.01"); return buf; }
    if (x > 1000) { snprintf(buf, FORMAT_MAX, isinf(x) ? "∞" : ">1000"); return buf; }
    return format_fixed(buf, x, x < 9.995 ? 2 : x < 99.95 ? 1 : 0);
}

char *format_share(char buf[FORMAT_MAX], size_t part, size_t whole)
{
    if (whole == 0) snprintf(buf, FORMAT_MAX, "%zu", part);
    else snprintf(buf, FORMAT_MAX, "%zu (%.0f %%)", part, 100.0 * (double)part / (double)whole);
    return buf;
}

int format_decimals(double typical)
{
    double size = fabs(typical);
    if (!(size > 0)) return 0;
    return size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
}
