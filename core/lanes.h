/* core/lanes.h: kernels that work on several numbers at once and give the same bits on every processor. */
#ifndef REOX_CORE_LANES_H
#define REOX_CORE_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/arena.h"

/* Vectors are passed to functions that are inlined, never across a call, so how they would be passed does not matter (the Makefile's
 * -Wno-psabi silences notes as well). */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

/* Eight numbers side by side: + - * / work lane by lane, on any processor (where it has no such registers the compiler splits them).
 * What a lane holds depends on that lane alone, so the width of the machine never changes a bit; a sum over lanes must name its order. */
typedef double Lanes __attribute__((vector_size(64)));
enum { LANES = 8 };

/* Eight numbers from anywhere, and back. */
static inline __attribute__((always_inline)) Lanes lanes_at(const double *from)
{
    Lanes v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) void lanes_put(double *to, Lanes v)
{
    memcpy(to, &v, sizeof v);
}

/* The same number in each. */
static inline __attribute__((always_inline)) Lanes lanes_all(double x)
{
    return (Lanes){ x, x, x, x, x, x, x, x };
}

/* Comparisons of Lanes give, lane by lane, all bits set for true and none for false. */
typedef int64_t LanesMask __attribute__((vector_size(64)));

/* Lane by lane a where the mask is set, b elsewhere: a choice of bits, so that a lane that is not taken may hold anything. */
static inline __attribute__((always_inline)) Lanes lanes_select(LanesMask m, Lanes a, Lanes b)
{
    return (Lanes)((m & (LanesMask)a) | (~m & (LanesMask)b));
}

/* a < b lane by lane, of finite numbers, by the sign of the difference (which is 0 for equal numbers only; + 0 for -0 less 0): where
 * registers are narrower than Lanes the compiler takes `<` apart into single numbers, but not this. */
static inline __attribute__((always_inline)) LanesMask lanes_below(Lanes a, Lanes b)
{
    // cppcheck-suppress shiftTooManyBitsSigned ; compilers that have vectors shift the sign in
    return (LanesMask)(a - b + 0.) >> 63;
}

/* Room for n of them, zero, where their alignment wants them; NULL when memory is out. */
static inline Lanes *lanes_new(Arena *a, size_t n)
{
    char *room = arena_array(a, n + 1, sizeof(Lanes));
    return room ? (Lanes *)(void *)(room + (sizeof(Lanes) - (uintptr_t)room % sizeof(Lanes)) % sizeof(Lanes)) : NULL;
}

/* Before a function: it is compiled for wide registers too, and the processor chooses when the program starts. Never contracted to
 * fused operations (-ffp-contract=off), so all the copies agree to the last bit. The sanitizers cannot instrument such a choice. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define FOR_EACH_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_WIDTH
#endif

#endif
