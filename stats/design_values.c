/* stats/design_values.c: single values of a table. */
#include "stats/design_values.h"

#include <math.h>

size_t design_line(const Frame *f, size_t row) { return f->line && f->line[row] ? f->line[row] : row + 2; }

bool value_missing(const ExprValue *v, size_t row) { return v->is_text ? !v->text[row] : isnan(v->num[row]) != 0; }
