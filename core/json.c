/* core/json.c: the one file that knows cJSON. A pre-scan refuses what cJSON would let through. */
#include "core/json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/file.h"
#include "core/limits.h"
#include "core/utf8.h"

/* ---- reading */

typedef struct {
    const char *text, *name;
    size_t size, at;
} Place;

static size_t line_of(const Place *s)
{
    size_t line = 1;
    for (size_t i = 0; i < s->at && i < s->size; i++) line += s->text[i] == '\n';
    return line;
}

#define BAD(s, e, ...) bad_json((s), (e), __VA_ARGS__)
__attribute__((format(printf, 3, 4)))
static Rc bad_json(const Place *s, Err *e, const char *format, ...)
{
    char what[512];
    __builtin_va_list ap;
    __builtin_va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    __builtin_va_end(ap);
    return err_set(e, ERR_INPUT, "%s:%zu: %s", s->name, line_of(s), what);
}

static void skip_blanks(Place *s)
{
    while (s->at < s->size && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at]) s->at++;
}

static int peek(const Place *s) { return s->at < s->size ? (unsigned char)s->text[s->at] : -1; }

static Rc scan_string(Place *s, Err *e)
{
    s->at++;                                               /* the opening quote */
    for (;;) {
        int c = peek(s);
        if (c < 0) return BAD(s, e, "text ends inside a string, expected a closing \"");
        if (c == '"') { s->at++; return OK; }
        if (c < 0x20) return BAD(s, e, "control character 0x%02X inside a string", c);
        if (c != '\\') { s->at++; continue; }
        s->at++;
        c = peek(s);
        if (c == 'u') {
            unsigned v = 0;
            for (int i = 1; i <= 4; i++) {
                s->at++;
                int h = peek(s);
                int d = h >= '0' && h <= '9' ? h - '0' : h >= 'a' && h <= 'f' ? h - 'a' + 10 : h >= 'A' && h <= 'F' ? h - 'A' + 10 : -1;
                if (d < 0) return BAD(s, e, "\\u wants four hexadecimal digits");
                v = v * 16 + (unsigned)d;
            }
            if (v == 0) return BAD(s, e, "\\u0000 inside a string: NUL is no text");
        } else if (c < 0 || !strchr("\"\\/bfnrt", c)) {
            return BAD(s, e, "unknown escape in a string");
        }
        s->at++;
    }
}

static Rc scan_number(Place *s, Err *e)
{
    const size_t from = s->at;
    if (peek(s) == '-') s->at++;
    if (peek(s) == '0') s->at++;
    else if (peek(s) >= '1' && peek(s) <= '9') while (peek(s) >= '0' && peek(s) <= '9') s->at++;
    else return BAD(s, e, "not a number");
    if (peek(s) >= '0' && peek(s) <= '9') return BAD(s, e, "number begins with 0: not a number of JSON");
    if (peek(s) == '.') {
        s->at++;
        if (!(peek(s) >= '0' && peek(s) <= '9')) return BAD(s, e, "number ends in a point: not a number of JSON");
        while (peek(s) >= '0' && peek(s) <= '9') s->at++;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-') s->at++;
        if (!(peek(s) >= '0' && peek(s) <= '9')) return BAD(s, e, "exponent without digits: not a number of JSON");
        while (peek(s) >= '0' && peek(s) <= '9') s->at++;
    }
    char copy[64];
    size_t n = s->at - from;
    double x;
    if (n >= sizeof copy) return BAD(s, e, "number of %zu characters is too long", n);
    memcpy(copy, s->text + from, n);
    copy[n] = '\0';
    if (!number_read(&x, copy)) return BAD(s, e, "number %s is out of range", copy);
    return OK;
}

static Rc scan_word(Place *s, const char *word, Err *e)
{
    size_t n = strlen(word);
    if (s->size - s->at < n || memcmp(s->text + s->at, word, n) != 0)
        return BAD(s, e, "unexpected character '%c', expected a JSON value", peek(s) > 0x1F && peek(s) < 0x7F ? peek(s) : '?');
    s->at += n;
    return OK;
}

static Rc scan_value(Place *s, int depth, Err *e)
{
    Rc rc = OK;
    skip_blanks(s);
    int c = peek(s);
    if (depth > LIMIT_JSON_DEPTH) return BAD(s, e, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
    if (c < 0) return BAD(s, e, "text ends (truncated), expected a JSON value");
    if (c == '"') return scan_string(s, e);
    if (c == '-' || (c >= '0' && c <= '9')) return scan_number(s, e);
    if (c == 't') return scan_word(s, "true", e);
    if (c == 'f') return scan_word(s, "false", e);
    if (c == 'n') return scan_word(s, "null", e);
    if (c != '{' && c != '[') return scan_word(s, "{", e);
    const int close = c == '{' ? '}' : ']';
    s->at++;
    skip_blanks(s);
    if (peek(s) == close) { s->at++; return OK; }
    for (;;) {
        skip_blanks(s);
        if (c == '{') {
            if (peek(s) < 0) return BAD(s, e, "text ends (truncated) inside an object");
            if (peek(s) != '"') return BAD(s, e, "expected a key in quotes");
            TRY(scan_string(s, e));
            skip_blanks(s);
            if (peek(s) != ':') return BAD(s, e, "expected ':' behind a key");
            s->at++;
        }
        TRY(scan_value(s, depth + 1, e));
        skip_blanks(s);
        if (peek(s) == ',') { s->at++; continue; }
        if (peek(s) == close) { s->at++; return OK; }
        if (peek(s) < 0) return BAD(s, e, "text ends (truncated) inside %s", c == '{' ? "an object" : "an array");
        return BAD(s, e, "expected ',' or '%c'", close);
    }
out:
    return rc;
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const Json *const *)a)->string, (*(const Json *const *)b)->string);
}

/* The members of an object in order of key; free() the array. */
static const Json **sorted_members(const Json *object, size_t *n, bool sort)
{
    *n = json_size(object);
    const Json **member = malloc((*n + 1) * sizeof *member);
    size_t i = 0;
    for (const Json *m = object->child; member && m; m = m->next) member[i++] = m;
    if (member && sort) qsort(member, *n, sizeof *member, by_key);
    return member;
}

/* Duplicate keys: one of the two would silently win. */
static Rc refuse_twins(const Json *j, const char *name, const char *path, Err *e)
{
    Rc rc = OK;
    Str sub = { 0 };
    const Json **member = NULL;
    if (cJSON_IsObject(j) || cJSON_IsArray(j)) {
        if (cJSON_IsObject(j)) {
            size_t n;
            member = sorted_members(j, &n, true);
            if (!member) { rc = err_nomem(e); goto out; }
            for (size_t i = 1; i < n; i++)
                if (strcmp(member[i - 1]->string, member[i]->string) == 0) {
                    rc = err_set(e, ERR_INPUT, "%s: key %s%s%s is there twice: duplicate, expected once", name, path, *path ? "." : "", member[i]->string);
                    goto out;
                }
        }
        for (const Json *a = j->child; a; a = a->next) {
            if (!a->child) continue;
            sub.len = 0;
            str_appendf(&sub, "%s%s%s", path, *path && a->string ? "." : "", a->string ? a->string : "");
            TRY(str_check(&sub, e));
            TRY(refuse_twins(a, name, sub.s, e));
        }
    }
out:
    free(member);
    str_free(&sub);
    return rc;
}

Rc json_parse(Json **out, const char *text, size_t size, const char *name, Err *e)
{
    Rc rc = OK;
    Json *j = NULL;
    Place s = { text, name, size, 0 };
    if (size > LIMIT_JSON_BYTES)
        return err_set(e, ERR_INPUT, "%s: %zu bytes, at most %zu are read: the file is too large", name, size, LIMIT_JSON_BYTES);
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) s.at = 3;
    if (!text_is_utf8(text, size)) return err_set(e, ERR_INPUT, "%s: text is not UTF-8, expected that encoding", name);
    TRY(scan_value(&s, 0, e));
    skip_blanks(&s);
    if (s.at < s.size) { rc = BAD(&s, e, "text behind the end of the JSON value"); goto out; }
    const char *end = NULL;
    j = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    if (!j) { rc = err_set(e, ERR_INPUT, "%s: not valid JSON near byte %zu", name, end ? (size_t)(end - text) : (size_t)0); goto out; }
    TRY(refuse_twins(j, name, "", e));
    *out = j;
    j = NULL;
out:
    json_free(j);
    return rc;
}

Rc json_read(Json **out, const char *path, const char *name, Err *e)
{
    Rc rc = OK;
    Bytes b = { 0 };
    if (!name) name = path;
    TRY(file_read(&b, path, name, LIMIT_JSON_BYTES, e));
    TRY(json_parse(out, (const char *)b.data, b.size, name, e));
out:
    bytes_free(&b);
    return rc;
}

void json_free(Json *j) { cJSON_Delete(j); }

JsonType json_type(const Json *j)
{
    return cJSON_IsNumber(j) ? JSON_NUMBER : cJSON_IsString(j) ? JSON_TEXT : cJSON_IsBool(j) ? JSON_BOOL
         : cJSON_IsArray(j) ? JSON_ARRAY : cJSON_IsObject(j) ? JSON_OBJECT : JSON_NULL;
}

const char *json_type_name(const Json *j)
{
    static const char *const names[] = { "null", "true or false", "a number", "text", "an array", "an object" };
    return names[json_type(j)];
}

const Json *json_get(const Json *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

/* ---- arrays of numbers. A curve of a million times has eight million numbers, and an item of cJSON's takes ten times the room of a
 * number: they are kept as they are, their count in valuedouble and the numbers in valuestring (cJSON_Delete frees it), until somebody
 * wants an item; then they become items, which changes nothing that can be seen. */

enum { PACKED_LEAST = 8 };

static const double *packed(const Json *j) { return j && cJSON_IsArray(j) && !j->child ? (const double *)(const void *)j->valuestring : NULL; }

static void mark_broken(Json *tree);

/* Items of what was packed; the tree is one that its reader owns, const or not. */
static void unpack(const Json *array)
{
    const double *x = packed(array);
    if (!x) return;
    Json *j = (Json *)(uintptr_t)array;
    const size_t n = (size_t)j->valuedouble;
    j->valuestring = NULL;
    j->valuedouble = 0;
    for (size_t i = 0; i < n; i++) if (!json_push(j, json_from_number(x[i]))) break;
    cJSON_free((void *)(uintptr_t)x);
}

static void unpack_all(const Json *j)
{
    unpack(j);
    for (const Json *x = j ? j->child : NULL; x; x = x->next) if (cJSON_IsArray(x) || cJSON_IsObject(x)) unpack_all(x);
}

size_t json_size(const Json *j) { return packed(j) ? (size_t)j->valuedouble : j ? (size_t)cJSON_GetArraySize(j) : 0; }

const Json *json_at(const Json *j, size_t i)
{
    unpack(j);
    return j && i <= INT32_MAX ? cJSON_GetArrayItem(j, (int)i) : NULL;
}

const Json *json_first(const Json *j)
{
    unpack(j);
    return j && (cJSON_IsArray(j) || cJSON_IsObject(j)) ? j->child : NULL;
}

const Json *json_next(const Json *item) { return item->next; }
const char *json_key(const Json *member) { return member->string; }
double json_number(const Json *j) { return cJSON_IsNumber(j) ? j->valuedouble : NAN; }
const char *json_text(const Json *j) { return cJSON_IsString(j) ? j->valuestring : NULL; }
bool json_bool(const Json *j) { return cJSON_IsTrue(j); }

/* The member, or NULL with *rc set when its type is wrong. */
static const Json *want(Rc *rc, const Json *object, const char *key, JsonType type, const char *expected, const char *where, Err *e)
{
    const Json *j = json_get(object, key);
    *rc = OK;
    if (!j) return NULL;
    if (json_type(j) == type) return j;
    Str shown = { 0 };
    if (json_size(j) == 0) json_print(&shown, j, false, NULL);
    *rc = err_set(e, ERR_INPUT, "%s%s%s: is %s%s%.60s, expected %s", where, strchr(where, ':') ? "." : ": ", key, json_type_name(j),
                  shown.len && json_type(j) != JSON_NULL ? " " : "", json_type(j) != JSON_NULL ? str_text(&shown) : "", expected);
    str_free(&shown);
    return NULL;
}

Rc json_want_number(double *out, const Json *object, const char *key, const char *where, Err *e)
{
    Rc rc;
    const Json *j = want(&rc, object, key, JSON_NUMBER, "a number", where, e);
    if (j) *out = j->valuedouble;
    return rc;
}

Rc json_want_bool(bool *out, const Json *object, const char *key, const char *where, Err *e)
{
    Rc rc;
    const Json *j = want(&rc, object, key, JSON_BOOL, "true or false", where, e);
    if (j) *out = json_bool(j);
    return rc;
}

Rc json_want_text(const char **out, const Json *object, const char *key, const char *where, Err *e)
{
    Rc rc;
    const Json *j = want(&rc, object, key, JSON_TEXT, "text", where, e);
    if (j) *out = j->valuestring;
    return rc;
}

Rc json_want_array(const Json **out, const Json *object, const char *key, const char *where, Err *e)
{
    Rc rc;
    const Json *j = want(&rc, object, key, JSON_ARRAY, "an array", where, e);
    if (j) *out = j;
    return rc;
}

Rc json_want_object(const Json **out, const Json *object, const char *key, const char *where, Err *e)
{
    Rc rc;
    const Json *j = want(&rc, object, key, JSON_OBJECT, "an object", where, e);
    if (j) *out = j;
    return rc;
}

Rc json_refuse_unknown(const Json *object, const char *const *known, const char *where, Err *e)
{
    for (const Json *m = json_first(object); m; m = m->next) {
        size_t n = 0;
        bool found = false;
        for (; known[n]; n++) found = found || strcmp(known[n], m->string) == 0;
        if (found) continue;
        const char *near = text_nearest(m->string, known, n);
        Str all = { 0 };
        for (size_t i = 0; i < n && !near; i++) str_appendf(&all, "%s%s", i ? " " : "", known[i]);
        Rc rc = err_set(e, ERR_INPUT, "%s: unknown key %s, expected %s%s", where, m->string, near ? "perhaps " : "one of ", near ? near : str_text(&all));
        str_free(&all);
        return rc;
    }
    return OK;
}

/* ---- writing */

Json *json_object(void) { return cJSON_CreateObject(); }
Json *json_array(void) { return cJSON_CreateArray(); }
Json *json_from_text(const char *text) { return text ? cJSON_CreateString(text) : cJSON_CreateNull(); }
Json *json_from_number(double x) { return isfinite(x) ? cJSON_CreateNumber(x) : cJSON_CreateNull(); }
Json *json_from_bool(bool b) { return cJSON_CreateBool(b); }
Json *json_null(void) { return cJSON_CreateNull(); }
Json *json_copy(const Json *j) { unpack_all(j); return cJSON_Duplicate(j, 1); }

/* Out of memory while a tree grows is remembered in the tree itself: its type becomes Invalid, which printing refuses. */
static void mark_broken(Json *tree)
{
    if (tree) tree->type = (tree->type & ~0xFF) | cJSON_Invalid;
}

Json *json_set(Json *object, const char *key, Json *value)
{
    if (!object || !value) { mark_broken(object); json_free(value); return NULL; }
    json_remove(object, key);
    if (!cJSON_AddItemToObject(object, key, value)) { json_free(value); mark_broken(object); return NULL; }
    return value;
}

Json *json_add(Json *object, const char *key, Json *value)
{
    if (!object || !value || !cJSON_AddItemToObject(object, key, value)) { json_free(value); mark_broken(object); return NULL; }
    return value;
}

Json *json_push(Json *array, Json *value)
{
    unpack(array);
    if (!array || !value || !cJSON_AddItemToArray(array, value)) { json_free(value); mark_broken(array); return NULL; }
    return value;
}

Json *json_set_text(Json *object, const char *key, const char *text) { return json_set(object, key, json_from_text(text)); }
Json *json_set_number(Json *object, const char *key, double x) { return json_set(object, key, json_from_number(x)); }
Json *json_set_bool(Json *object, const char *key, bool b) { return json_set(object, key, json_from_bool(b)); }

/* cJSON finds the end of a list through its head's prev, so appending is constant time. */
static Json *array_of_numbers(const double *x, size_t n, size_t step)
{
    Json *a = json_array();
    if (a && n >= PACKED_LEAST) {
        double *copy = cJSON_malloc(n * sizeof *copy);
        if (!copy) { mark_broken(a); return a; }
        for (size_t i = 0; i < n; i++) copy[i] = x[i * step];
        a->valuestring = (char *)copy;
        a->valuedouble = (double)n;
        return a;
    }
    for (size_t i = 0; a && i < n; i++) json_push(a, json_from_number(x[i * step]));
    return a;
}

Json *json_set_numbers(Json *object, const char *key, const double *x, size_t n)
{
    return json_set(object, key, array_of_numbers(x, n, 1));
}

static Json *array_of_texts(const char *const *x, size_t n)
{
    Json *a = json_array();
    for (size_t i = 0; a && i < n; i++) json_push(a, json_from_text(x[i]));
    return a;
}

Json *json_set_texts(Json *object, const char *key, const char *const *x, size_t n)
{
    return json_set(object, key, array_of_texts(x, n));
}

Json *json_set_matrix(Json *object, const char *key, const double *x, size_t n_row, size_t n_col,
                      const char *const *rows, const char *const *cols)
{
    Json *m = json_set(object, key, json_object());
    if (rows) json_set(m, "rows", array_of_texts(rows, n_row));
    if (cols) json_set(m, "cols", array_of_texts(cols, n_col));
    Json *data = json_set(m, "data", json_array());
    for (size_t i = 0; data && i < n_row; i++) json_push(data, array_of_numbers(x + i, n_col, n_row));
    return m;
}

void json_remove(Json *object, const char *key)
{
    if (cJSON_IsObject(object)) cJSON_DeleteItemFromObjectCaseSensitive(object, key);
}

void json_escape(Str *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        switch (*p) {
        case '"': str_append(out, "\\\""); break;
        case '\\': str_append(out, "\\\\"); break;
        case '\n': str_append(out, "\\n"); break;
        case '\t': str_append(out, "\\t"); break;
        case '\r': str_append(out, "\\r"); break;
        default:
            if (*p < 0x20 || *p == 0x7F) str_appendf(out, "\\u%04x", *p);
            else str_append_char(out, (char)*p);
        }
    }
}

/* How a tree is written. */
typedef struct { bool pretty, sorted, shortest; } Style;

static void print_number(Str *out, double x, bool shortest)
{
    char buf[NUMBER_TEXT_MAX];
    if (!isfinite(x)) str_append(out, "null");
    else if (x == floor(x) && fabs(x) < 9007199254740992.0) {
        char *to = buf + NUMBER_TEXT_MAX;
        uint64_t whole = (uint64_t)fabs(x);
        *--to = 0;
        do { *--to = (char)('0' + whole % 10); whole /= 10; } while (whole);
        if (x < 0) *--to = '-';
        str_append(out, to);
    }
    else str_append(out, shortest ? number_write_short(buf, x) : number_write(buf, x));
}

static bool all_plain(const Json *array)
{
    if (packed(array)) return true;
    for (const Json *x = array->child; x; x = x->next) if (x->child || cJSON_IsObject(x) || cJSON_IsArray(x)) return false;
    return true;
}

static void indent(Str *out, int depth)
{
    str_append_char(out, '\n');
    for (int i = 0; i < depth; i++) str_append(out, "  ");
}

static Rc print(Str *out, const Json *j, Style style, int depth, Err *e)
{
    Rc rc = OK;
    const Json **member = NULL;
    if (!j || cJSON_IsInvalid(j)) return err_nomem(e);
    if (cJSON_IsString(j)) {
        str_append_char(out, '"');
        json_escape(out, j->valuestring);
        str_append_char(out, '"');
    } else if (cJSON_IsNumber(j)) {
        print_number(out, j->valuedouble, style.shortest);
    } else if (cJSON_IsBool(j)) {
        str_append(out, json_bool(j) ? "true" : "false");
    } else if (cJSON_IsArray(j)) {
        bool flat = !style.pretty || all_plain(j);
        const double *numbers = packed(j);
        str_append_char(out, '[');
        for (size_t i = 0, n = numbers ? json_size(j) : 0; i < n; i++) {
            print_number(out, numbers[i], style.shortest);
            if (i + 1 < n) str_append(out, style.pretty ? ", " : ",");
        }
        for (const Json *x = j->child; x; x = x->next) {
            if (!flat) indent(out, depth + 1);
            TRY(print(out, x, style, depth + 1, e));
            if (x->next) str_append(out, flat && style.pretty ? ", " : ",");
        }
        if (!flat && j->child) indent(out, depth);
        str_append_char(out, ']');
    } else if (cJSON_IsObject(j)) {
        size_t n;
        member = sorted_members(j, &n, style.sorted);
        if (!member) { rc = err_nomem(e); goto out; }
        str_append_char(out, '{');
        for (size_t i = 0; i < n; i++) {
            if (style.pretty) indent(out, depth + 1);
            str_append_char(out, '"');
            json_escape(out, member[i]->string);
            str_append(out, style.pretty ? "\": " : "\":");
            TRY(print(out, member[i], style, depth + 1, e));
            if (i + 1 < n) str_append_char(out, ',');
        }
        if (style.pretty && n) indent(out, depth);
        str_append_char(out, '}');
    } else {
        str_append(out, "null");
    }
    rc = str_check(out, e);
out:
    free(member);
    return rc;
}

Rc json_print(Str *out, const Json *j, bool pretty, Err *e) { return print(out, j, (Style){ .pretty = pretty }, 0, e); }
Rc json_print_short(Str *out, const Json *j, Err *e) { return print(out, j, (Style){ .pretty = true, .shortest = true }, 0, e); }
Rc json_print_canonical(Str *out, const Json *j, Err *e) { return print(out, j, (Style){ .sorted = true }, 0, e); }
