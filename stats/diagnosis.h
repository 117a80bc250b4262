/* stats/diagnosis.h: the list of {code, message} that every analysis carries. */
#ifndef REOX_STATS_DIAGNOSIS_H
#define REOX_STATS_DIAGNOSIS_H

#include "core/err.h"
#include "core/json.h"

/* Appends to out.diagnosis (made when absent). code is one of COMMANDS.md §4; the message names column, level or rows
 * and the cure, in one sentence. */
__attribute__((format(printf, 3, 4)))
void diagnose(Json *out, const char *code, const char *format, ...);

/* As diagnose, and ERR_ESTIMATE with the same sentence, for `return diagnose_fatal(…)`. */
__attribute__((format(printf, 4, 5)))
Rc diagnose_fatal(Json *out, Err *e, const char *code, const char *format, ...);

#endif
