/* core/tracer.c: tracer presets, read once from the embedded literature/tracers.json. */
#include "core/tracer.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed.h"
#include "core/json.h"
#include "core/str.h"

/* Constant once made: the file is part of the program. */
static struct {
    Arena arena;
    Preset *preset;
    size_t n;
    bool made;
} table;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static char *copy(const Json *object, const char *key)
{
    const char *text = json_text(json_get(object, key));
    return text ? arena_strdup(&table.arena, text) : NULL;
}

static bool preset_fill(Preset *p, const Json *j)
{
    const Json *aliases = json_get(j, "aliases"), *window = json_get(j, "uptake_min"), *repeat = json_get(j, "repeatability");
    p->name = copy(j, "name");
    p->label = copy(j, "label");
    p->nuclide = copy(j, "nuclide");
    p->half_life_s = json_number(json_get(j, "half_life_s"));
    p->source = copy(j, "source");
    p->reference = copy(j, "reference");
    p->threshold = json_number(json_get(j, "threshold"));
    p->has_threshold = !isnan(p->threshold);
    const char *op = json_text(json_get(j, "operator"));
    p->has_operator = op && operator_parse(&p->op, op);
    for (size_t i = 0; i < 2; i++) p->window_min[i] = window ? json_number(json_at(window, i)) : NAN;
    p->repeat_percent = repeat ? json_number(json_get(repeat, "percent")) : NAN;
    p->repeat_source = repeat ? copy(repeat, "source") : NULL;
    p->n_aliases = aliases ? json_size(aliases) : 0;
    p->alias = ARENA_NEW(&table.arena, p->n_aliases + 1, char *);
    if (!p->alias) return false;
    for (size_t i = 0; i < p->n_aliases; i++) {
        p->alias[i] = arena_strdup(&table.arena, json_text(json_at(aliases, i)));
        if (!p->alias[i]) return false;
    }
    return p->name && p->label && p->nuclide && p->source;
}

static void table_make(void)
{
    const EmbeddedFile *file = embedded_find(embedded_literature, "tracers.json");
    Json *document = NULL;
    if (!file || json_parse(&document, file->text, file->size, file->name, NULL) != OK) return;
    const Json *list = json_get(document, "tracers");
    table.n = list ? json_size(list) : 0;
    table.preset = ARENA_NEW(&table.arena, table.n + 1, Preset);
    table.made = table.preset != NULL;
    for (size_t i = 0; i < table.n && table.made; i++) table.made = preset_fill(&table.preset[i], json_at(list, i));
    json_free(document);
}

const Preset *tracer_presets(size_t *n)
{
    pthread_once(&table_once, table_make);
    *n = table.made ? table.n : 0;
    return table.made ? table.preset : NULL;
}

/* Equal but for case and everything that is no letter or digit: "[18F]-FMISO" is "18f fmiso". */
static bool same_name(const char *a, const char *b)
{
    for (;;) {
        while (*a && !isalnum((unsigned char)*a)) a++;
        while (*b && !isalnum((unsigned char)*b)) b++;
        if (!*a || !*b) return *a == *b;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
        a++;
        b++;
    }
}

const Preset *tracer_find(const char *name_or_alias)
{
    size_t n = 0;
    const Preset *p = tracer_presets(&n);
    if (!name_or_alias) return NULL;
    for (size_t i = 0; i < n; i++) {
        if (same_name(p[i].name, name_or_alias)) return &p[i];
        for (size_t k = 0; k < p[i].n_aliases; k++)
            if (same_name(p[i].alias[k], name_or_alias)) return &p[i];
    }
    return NULL;
}

char *tracer_slug(char *out, const char *tracer)
{
    const Preset *p = tracer_find(tracer);
    assert(!p || strlen(p->name) < 64);
    return text_slug(out, p ? p->name : tracer);
}
