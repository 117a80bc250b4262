/* study/stale.c: what must be done again: digests of what results are made of. */
#include "study/stale.h"

#include <string.h>

#include "core/version.h"
#include "db/db_names.h"
#include "db/db_stale.h"

static void add_text(Sha256 *s, const char *text)
{
    if (text) sha256_add(s, text, strlen(text));
    sha256_add(s, text ? "" : "\1", 1);            /* missing text is not empty text */
}

void frame_digest(char out[HASH_TEXT], const Frame *f)
{
    Sha256 s;
    char number[NUMBER_TEXT_MAX];

    sha256_begin(&s);
    for (size_t k = 0; k < f->columns; k++) {
        const FrameColumn *c = &f->column[k];
        add_text(&s, c->name);
        add_text(&s, c->is_text ? "text" : "number");
        for (size_t i = 0; i < f->rows; i++) add_text(&s, c->is_text ? c->text[i] : number_write(number, c->num[i]));
    }
    sha256_end(&s, out);
}

Rc json_digest(char out[HASH_TEXT], const Json *j, Err *e)
{
    Str text = { 0 };
    Rc rc = json_print_canonical(&text, j, e);
    if (rc == OK) sha256_of(out, text.s, text.len);
    str_free(&text);
    return rc;
}

/* A member of the document, taken whole. */
static void take(Json *into, const Json *document, const char *key)
{
    const Json *member = json_get(document, key);
    if (member) json_set(into, key, json_copy(member));
}

Rc model_settings_digest(char out[HASH_TEXT], const Protocol *p, const ModelSpec *m, Err *e)
{
    Rc rc = OK;
    Json *j = json_object();
    const Json *model = json_first(json_get(p->document, "models"));

    while (model && !text_equal(json_text(json_get(model, "name")), m->name)) model = json_next(model);
    if (!j) return err_nomem(e);
    if (model) json_set(j, "model", json_copy(model));
    take(j, p->document, "endpoints");
    take(j, p->document, "columns");
    take(j, p->document, "exclude");
    take(j, p->document, "timepoints");
    rc = json_digest(out, j, e);
    json_free(j);
    return rc;
}

Rc report_inputs_digest(char out[HASH_TEXT], const Protocol *p, Db *db, Err *e)
{
    Rc rc = OK;
    char protocol[HASH_TEXT], views[HASH_TEXT];
    Sha256 s;

    TRY(json_digest(protocol, p->document, e));
    TRY(db_views_digest(views, db, e));
    sha256_begin(&s);
    add_text(&s, REOX_VERSION);
    add_text(&s, protocol);
    add_text(&s, views);
    sha256_end(&s, out);
out:
    return rc;
}

static void tell(const Progress *w, const char *what, char *const *name, size_t n)
{
    enum { SHOWN = 8 };
    Str text = { 0 };
    if (n == 0) return;
    for (size_t i = 0; i < n && i < SHOWN; i++) str_appendf(&text, "%s%s", i ? ", " : "", name[i]);
    if (n > SHOWN) str_appendf(&text, " and %zu more", n - SHOWN);
    progress_note(w, "%s: %s", what, str_text(&text));
    str_free(&text);
}

Rc stale_tell(Db *db, const Progress *w, Err *e)
{
    Rc rc = OK;
    Arena a = { 0 };
    char **name = NULL;
    size_t n = 0;

    TRY(db_names(&name, &n, db, "stale_models", &a, e));
    tell(w, "stale models", name, n);
    TRY(db_names(&name, &n, db, "stale_report_files", &a, e));
    tell(w, "stale reports", name, n);
out:
    arena_free(&a);
    return rc;
}
