/* study/model_definitions.c: what the variables of a model mean, here and elsewhere. */
#include "study/model_definitions.h"

#include <math.h>
#include <string.h>

#include "db/db_definition.h"

static bool is_texture(Family f) { return f >= FAMILY_GLCM && f <= FAMILY_NGLDM; }

/* Without what cannot change this feature's value. */
static void prune(Json *document, FeatureId id)
{
    const Family f = feature_info(id)->family;
    json_remove(document, "families");
    json_remove(document, "uptake_min");
    json_remove(document, "tracer");                       /* the variable's name carries it */
    if (f != FAMILY_IVH) json_remove(document, "ivh");
    if (f != FAMILY_INTENSITY_HISTOGRAM && !is_texture(f)) json_remove(document, "discretise");
    const Json *texture = json_get(document, "texture");
    if (!texture) return;
    Json *kept = json_object();
    const char *const keys[] = { f != FAMILY_GLRLM && f != FAMILY_GLSZM && f != FAMILY_GLDZM ? "distance" : NULL,
                                 f == FAMILY_NGLDM ? "ngldm_alpha" : NULL };
    for (size_t k = 0; k < 2; k++) if (keys[k] && json_get(texture, keys[k])) json_set(kept, keys[k], json_copy(json_get(texture, keys[k])));
    json_remove(document, "texture");
    if (is_texture(f)) json_set(document, "texture", kept);
    else json_free(kept);
}

/* Adds a copy of x to a list unless it holds the same. */
static Rc add_once(Json *list, const Json *x, Err *e)
{
    Rc rc = OK;
    Str a = { 0 }, b = { 0 };
    bool there = false;
    TRY(json_print_canonical(&a, x, e));
    for (const Json *q = json_first(list); q && !there; q = json_next(q)) {
        b.len = 0;
        TRY(json_print_canonical(&b, q, e));
        there = strcmp(str_text(&a), str_text(&b)) == 0;
    }
    if (!there) json_push(list, json_copy(x));
out:
    str_free(&a);
    str_free(&b);
    return rc;
}

typedef struct { double least, most; } Range;

static Rc add_document(Json *measured, Range *uptake, const Json *document, FeatureId id, Err *e)
{
    Rc rc = OK;
    const double t = json_number(json_get(document, "uptake_min"));
    Json *copy = json_copy(document);
    if (!copy) return err_nomem(e);
    if (!isnan(t)) {
        uptake->least = fmin(uptake->least, t);
        uptake->most = fmax(uptake->most, t);
    }
    prune(copy, id);
    rc = add_once(measured, copy, e);
    json_free(copy);
    return rc;
}

static Rc describe_variable(Json *o, const Variable *v, const VariableSpace *s, Db *db, Err *e)
{
    Rc rc = OK;
    Str name = { 0 }, label = { 0 };
    VariableKey key;
    Json *found = NULL;
    Range uptake = { INFINITY, -INFINITY };
    variable_key(&key, &name, s, v);
    variable_label(&label, s, v);
    TRY(str_check(&name, e));
    TRY(str_check(&label, e));
    TRY(db_variable_definitions(&found, db, &key, e));
    json_set_text(o, "kind", "image");
    json_set_text(o, "label", label.s);
    Json *units = json_set(o, "units", json_array());
    json_set_text(o, "definition", feature_info(v->feature)->definition);
    json_set_text(o, "source", feature_info(v->feature)->source);
    json_set(o, "aggregation", json_from_text(aggregation_name(v->aggregation)));
    Json *measured = json_set(o, "measured", json_array());
    for (const Json *x = json_first(found); x; x = json_next(x)) {
        const Json *document = json_get(x, "document"), *from = json_get(document, "from"), *to = json_get(document, "to");
        TRY(add_once(units, json_get(x, "unit"), e));
        if (from) TRY(add_document(measured, &uptake, from, v->feature, e));
        if (to) TRY(add_document(measured, &uptake, to, v->feature, e));
        if (!from && !to) TRY(add_document(measured, &uptake, document, v->feature, e));
    }
    if (uptake.least <= uptake.most) json_set_numbers(o, "uptake_min", (const double[]){ uptake.least, uptake.most }, 2);
    else json_set(o, "uptake_min", json_null());
out:
    json_free(found);
    str_free(&name);
    str_free(&label);
    return rc;
}

static void describe_clinical(Json *o, const char *column, const Protocol *p)
{
    json_set_text(o, "kind", "clinical");
    for (size_t k = 0; k < p->n_columns; k++) {
        const ColumnSpec *c = &p->column[k];
        if (strcmp(c->name, column) != 0) continue;
        json_set(o, "label", json_from_text(c->label));
        json_set(o, "unit", json_from_text(c->unit));
        if (c->n_levels) json_set_texts(o, "levels", (const char *const *)c->levels, c->n_levels);
    }
}

Rc model_definitions(Json **out, const char *const *columns, const Protocol *p, const VariableSpace *s, Db *db, Err *e)
{
    Rc rc = OK;
    Json *all = json_object();
    for (; *columns; columns++) {
        Variable v;
        bool found;
        Json *o = json_set(all, *columns, json_object());
        TRY(variable_resolve(&v, &found, s, *columns, e));
        if (found) TRY(describe_variable(o, &v, s, db, e));
        else describe_clinical(o, *columns, p);
    }
    *out = all;
    all = NULL;
out:
    json_free(all);
    return rc;
}

/* The first key on which two documents differ, with both values. */
static Rc difference(Str *text, const Json *theirs, const Json *ours, Err *e)
{
    Rc rc = OK;
    Str a = { 0 }, b = { 0 };
    for (int side = 0; side < 2; side++)
        for (const Json *x = json_first(side ? ours : theirs); x; x = json_next(x)) {
            const Json *u = json_get(theirs, json_key(x)), *w = json_get(ours, json_key(x));
            a.len = b.len = 0;
            if (u) TRY(json_print_canonical(&a, u, e));
            if (w) TRY(json_print_canonical(&b, w, e));
            if (u && w && strcmp(str_text(&a), str_text(&b)) == 0) continue;
            if (json_type(u) == JSON_NUMBER && json_type(w) == JSON_NUMBER)
                str_appendf(text, "%s is %.15g in the model and %.15g here", json_key(x), json_number(u), json_number(w));
            else
                str_appendf(text, "%s is %s in the model and %s here", json_key(x), u ? str_text(&a) : "absent", w ? str_text(&b) : "absent");
            goto out;
        }
out:
    str_free(&a);
    str_free(&b);
    return rc;
}

/* Each way in which this cohort measured must be one of the model's. */
static Rc lists_agree(const Json *theirs, const Json *ours, const char *column, const char *where, Err *e)
{
    Rc rc = OK;
    Str text = { 0 };
    Json *joined = json_copy(theirs);
    if (!joined) return err_nomem(e);
    for (const Json *x = json_first(ours); x; x = json_next(x)) {
        const size_t before = json_size(joined);
        TRY(add_once(joined, x, e));
        if (json_size(joined) == before) continue;
        if (json_type(x) == JSON_OBJECT) TRY(difference(&text, json_first(theirs), x, e));
        else str_appendf(&text, "its unit is '%s' in the model and '%s' here", json_text(json_first(theirs)) ? json_text(json_first(theirs)) : "",
                         json_text(x) ? json_text(x) : "");
        TRY(str_check(&text, e));
        rc = err_set(e, ERR_INPUT, "%s: %s is another variable in this cohort: %s", where, column, text.s);
        goto out;
    }
out:
    json_free(joined);
    str_free(&text);
    return rc;
}

Rc model_definitions_agree(const Json *definitions, const char *const *columns, const Protocol *p, const VariableSpace *s, Db *db,
                           const Frame *clinical, const char *where, Err *e)
{
    Rc rc = OK;
    Json *ours = NULL;
    for (const char *const *c = columns; *c; c++) {
        Variable v;
        bool found;
        TRY(variable_resolve(&v, &found, s, *c, e));
        if (!found && frame_find(clinical, *c) < 0) {
            rc = err_set(e, ERR_INPUT, "%s: the model needs %s, which this study has neither as a column of its clinical table nor as a variable", where, *c);
            goto out;
        }
    }
    TRY(model_definitions(&ours, columns, p, s, db, e));
    for (const Json *x = json_first(ours); x; x = json_next(x)) {
        const Json *there = json_get(definitions, json_key(x));
        const char *kind = json_text(json_get(x, "kind")), *their_kind = json_text(json_get(there, "kind"));
        const bool image = strcmp(kind, "image") == 0;
        if (image && (!their_kind || strcmp(their_kind, "image") != 0)) {
            rc = err_set(e, ERR_INPUT, "%s: the model does not say how %s was measured, so it cannot be held against this cohort's", where, json_key(x));
            goto out;
        }
        if (image) {
            TRY(lists_agree(json_get(there, "units"), json_get(x, "units"), json_key(x), where, e));
            TRY(lists_agree(json_get(there, "measured"), json_get(x, "measured"), json_key(x), where, e));
            continue;
        }
        const char *unit = json_text(json_get(x, "unit")), *their_unit = json_text(json_get(there, "unit"));
        if (unit && their_unit && strcmp(unit, their_unit) != 0) {
            rc = err_set(e, ERR_INPUT, "%s: %s is another variable in this cohort: its unit is '%s' in the model and '%s' here", where, json_key(x),
                         their_unit, unit);
            goto out;
        }
    }
out:
    json_free(ours);
    return rc;
}
