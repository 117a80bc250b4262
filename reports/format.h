/* reports/format.h: numbers as people read them. */
#ifndef REOX_REPORTS_FORMAT_H
#define REOX_REPORTS_FORMAT_H

#include <stddef.h>

enum { FORMAT_MAX = 64 };

/* Each returns buf. A number that is missing is "–", minus is U+2212, -0 is 0. */
char *format_fixed(char buf[FORMAT_MAX], double x, int decimals);
/* So many significant digits, without exponent where the number allows it. */
char *format_digits(char buf[FORMAT_MAX], double x, int digits);
/* With + or −; zero has no sign. */
char *format_signed(char buf[FORMAT_MAX], double x, int decimals);
/* "<0.001", three decimals below 0.1, else two. */
char *format_p(char buf[FORMAT_MAX], double p);
/* A ratio and its limits: two decimals, one from 10, none from 100, "<0.01" and ">1000" at the ends. */
char *format_ratio(char buf[FORMAT_MAX], double x);
/* "12 (34 %)"; "0" when the whole is 0. */
char *format_share(char buf[FORMAT_MAX], size_t part, size_t whole);
/* Decimals that show about three digits of the typical size of a column's values: 0 … 3. */
int format_decimals(double typical);

#endif
