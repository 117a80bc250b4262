/* core/protocol.c: words of study.json and look-ups in a protocol. */
#include "core/protocol.h"

#include <string.h>

static const char *const operators[] = { ">=", ">", "<=", "<" };
static const char *const time_units[] = { "days", "weeks", "months", "years" };

static int index_of(const char *const *words, int n, const char *text)
{
    for (int i = 0; i < n; i++) if (strcmp(words[i], text) == 0) return i;
    return -1;
}

const char *operator_name(Operator op) { return operators[op]; }

bool operator_parse(Operator *out, const char *text)
{
    int i = index_of(operators, 4, text);
    if (i >= 0) *out = (Operator)i;
    return i >= 0;
}

bool operator_holds(Operator op, double x, double threshold)
{
    switch (op) {
    case OP_GE: return x >= threshold;
    case OP_GT: return x > threshold;
    case OP_LE: return x <= threshold;
    case OP_LT: return x < threshold;
    }
    return false;
}

const char *time_unit_name(TimeUnit u) { return time_units[u]; }

bool time_unit_parse(TimeUnit *out, const char *text)
{
    int i = index_of(time_units, 4, text);
    if (i >= 0) *out = (TimeUnit)i;
    return i >= 0;
}

double time_unit_days(TimeUnit u)
{
    static const double days[] = { 1, 7, 30.4375, 365.25 };       /* INTERFACE §2 */
    return days[u];
}

void protocol_free(Protocol *p)
{
    for (size_t i = 0; i < p->n_models; i++) json_free(p->model[i].options);
    json_free(p->features);
    json_free(p->document);
    arena_free(&p->arena);
    *p = (Protocol){ 0 };
}

int protocol_timepoint(const Protocol *p, const char *name)
{
    for (size_t i = 0; i < p->n_timepoints; i++) if (strcmp(p->timepoint[i], name) == 0) return (int)i;
    return -1;
}

const Endpoint *protocol_endpoint(const Protocol *p, const char *name)
{
    for (size_t i = 0; i < p->n_endpoints; i++) if (strcmp(p->endpoint[i].name, name) == 0) return &p->endpoint[i];
    return NULL;
}

const ModelSpec *protocol_model(const Protocol *p, const char *name)
{
    for (size_t i = 0; i < p->n_models; i++) if (strcmp(p->model[i].name, name) == 0) return &p->model[i];
    return NULL;
}
