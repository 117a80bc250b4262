/* bench/clock.h: CPU time of this process. */
#ifndef REOX_BENCH_CLOCK_H
#define REOX_BENCH_CLOCK_H

#include <time.h>

static inline double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Runs the statements `rounds` times and leaves the least CPU seconds of one in `best`. */
#define BEST_OF(rounds, best, ...) do { \
    best = 1e300; \
    for (int round_ = 0; round_ < (rounds); round_++) { \
        double start_ = cpu_seconds(); \
        __VA_ARGS__; \
        double took_ = cpu_seconds() - start_; \
        if (took_ < best) best = took_; \
    } } while (0)

#endif
