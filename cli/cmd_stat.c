/* cli/cmd_stat.c: reox stat METHOD ['FORMULA'] --data F.csv: one statistical analysis of any table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/stat_text.h"
#include "core/csv.h"
#include "core/file.h"
#include "core/frame.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/str.h"
#include "stats/method.h"

enum { OPTIONS_MAX = 96 };

/* The options of a method as the parser wants them; --help shows those that mean something to it. One command line is parsed in a run, so one table is enough. */
static const CliOption *stat_options(const char *method)
{
    static CliOption table[OPTIONS_MAX + 1];
    const Method *m = method_by_name(method);
    const MethodOption *const sources[] = { m ? m->options : NULL, method_common_options };
    size_t n = 0;
    for (int s = 0; s < 2; s++)
        for (const MethodOption *o = sources[s]; o && o->name && n < OPTIONS_MAX; o++) {
            bool twice = false;
            for (size_t i = 0; i < n; i++) twice = twice || strcmp(table[i].name, o->name) == 0;
            if (twice) continue;
            CliOption *row = &table[n++];
            const bool listed = s == 0 || !m || method_takes_option(m, o->name);
            *row = (CliOption){ .name = o->name, .help = listed ? o->help : NULL, .repeat = strcmp(o->name, "levels") == 0 };
            switch (o->kind) {
            case OPTION_FLAG: row->kind = CLI_FLAG; break;
            case OPTION_NUMBER: row->kind = CLI_NUMBER; row->value = "X"; break;
            case OPTION_INTEGER: row->kind = CLI_INTEGER; row->value = "N"; break;
            case OPTION_NUMBERS: row->kind = CLI_TEXT; row->value = "X,X,…"; break;
            case OPTION_TABLE: row->kind = CLI_TEXT; row->value = "F.csv"; break;
            case OPTION_CHOICE: row->kind = CLI_TEXT; row->value = o->choices; break;
            default: row->kind = CLI_TEXT; row->value = "TEXT";
            }
        }
    table[n] = (CliOption){ 0 };
    return table;
}

/* "1,2,3" as an array of numbers. */
static Rc add_numbers(Json *options, const char *key, const char *name, const char *text, Err *e)
{
    Json *list = json_set(options, key, json_array());
    char word[64];
    for (const char *from = text;;) {
        const char *to = strchr(from, ',');
        size_t n = to ? (size_t)(to - from) : strlen(from);
        double x = 0;
        if (n >= sizeof word) n = sizeof word - 1;
        memcpy(word, from, n);
        word[n] = 0;
        if (!number_read(&x, word))
            return err_set(e, ERR_USAGE, "stat: --%s %s: '%s' is no number, expected numbers with commas between", name, text, word);
        json_push(list, json_from_number(x));
        if (!to) return OK;
        from = to + 1;
    }
}

static Rc add_option(Json *options, const MethodOption *o, const CommandLine *c, Err *e)
{
    char key[64];
    size_t n = 0;
    double x = 0;
    for (; o->name[n] && n < sizeof key - 1; n++) key[n] = o->name[n] == '-' ? '_' : o->name[n];
    key[n] = 0;
    const char *text = cli_text(c, o->name);
    switch (o->kind) {
    case OPTION_FLAG: json_set_bool(options, key, true); break;
    case OPTION_NUMBERS: return add_numbers(options, key, o->name, text, e);
    case OPTION_NUMBER:
    case OPTION_INTEGER:
        if (!number_read(&x, text)) return err_set(e, ERR_USAGE, "stat: --%s %s: expected a number", o->name, text);
        json_set_number(options, key, x);
        break;
    case OPTION_TABLE: json_set_text(options, key, text); break;
    default:
        if (strcmp(o->name, "levels") == 0) {
            const char *const *values = NULL;
            size_t count = cli_texts(c, "levels", &values);
            json_set_texts(options, key, values, count);
        } else {
            json_set_text(options, key, text);
        }
    }
    return OK;
}

static Rc gather_options(Json *options, const Method *m, const CommandLine *c, Err *e)
{
    Rc rc = OK;
    const MethodOption *const sources[] = { m->options, method_common_options };
    for (int s = 0; s < 2; s++)
        for (const MethodOption *o = sources[s]; o && o->name; o++)
            if (cli_given(c, o->name) && !(s == 1 && json_get(options, o->name))) TRY(add_option(options, o, c, e));
    rc = method_check_options(m, options, "stat", e);
    if (rc == ERR_INPUT) e->rc = rc = ERR_USAGE;        /* it is the command line that is wrong */
out:
    return rc;
}

/* A table without header: columns are V1, V2 … */
static Rc read_bare_table(Frame *out, const char *path, Err *e)
{
    Rc rc = OK;
    Bytes b = { 0 };
    Str text = { 0 };
    TRY(file_read(&b, path, path, LIMIT_CSV_BYTES, e));
    size_t fields = 1;
    for (size_t i = 0; i < b.size && b.data[i] != '\n'; i++) fields += b.data[i] == ',';
    for (size_t i = 0; i < fields; i++) str_appendf(&text, "%sV%zu", i ? "," : "", i + 1);
    str_append_char(&text, '\n');
    str_append_n(&text, (const char *)b.data, b.size);
    TRY(str_check(&text, e));
    TRY(frame_parse_csv(out, str_text(&text), text.len, path, e));
    for (size_t i = 0; i < out->rows; i++) out->line[i]--;
out:
    str_free(&text);
    bytes_free(&b);
    return rc;
}

static ExitCode run(const CommandLine *c)
{
    Rc rc = OK;
    Err e = { 0 };
    Frame data = { 0 }, newdata = { 0 }, resamples = { 0 };
    Json *options = json_object(), *out = NULL;
    Str text = { 0 };
    ExitCode code = EXIT_DONE;
    const Method *m = method_by_name(cli_argument(c, 0));
    if (!m) {
        const char *names[OPTIONS_MAX];
        size_t n = 0;
        for (; method_at(n) && n < OPTIONS_MAX; n++) names[n] = method_at(n)->name;
        const char *near = text_nearest(cli_argument(c, 0), names, n);
        rc = err_set(&e, ERR_USAGE, "stat: no method '%s'%s%s%s (reox list methods)", cli_argument(c, 0), near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
        goto out;
    }
    TRY(gather_options(options, m, c, &e));
    const char *path = cli_text(c, "data");
    if (path && !m->needs_data) { rc = err_set(&e, ERR_USAGE, "stat: %s takes no --data", m->name); goto out; }
    if (path) TRY(frame_read_csv(&data, path, path, &e));
    if (json_get(options, "newdata")) {
        const char *f = json_text(json_get(options, "newdata"));
        TRY(frame_read_csv(&newdata, f, f, &e));
    }
    if (json_get(options, "resamples")) TRY(read_bare_table(&resamples, json_text(json_get(options, "resamples")), &e));
    StatCall call = { .formula = cli_argument(c, 1), .data = path ? &data : NULL, .options = options,
                      .newdata = newdata.name ? &newdata : NULL, .resamples = resamples.name ? &resamples : NULL,
                      .threads = cli_threads(c) };
    rc = method_call(&out, m, &call, &e);
    if (out) {
        Err printed = { 0 };
        Rc shown;
        if (cli_json(c)) shown = cli_print_json(out, &printed);
        else {
            stat_text(&text, out);
            shown = str_check(&text, &printed);
            if (shown == OK) shown = cli_print(str_text(&text), &printed);
        }
        if (shown != OK) { rc = shown; e = printed; }
    }
out:
    if (rc != OK) code = cli_fail(&e);
    str_free(&text);
    json_free(out);
    json_free(options);
    frame_free(&data);
    frame_free(&newdata);
    frame_free(&resamples);
    return code;
}

static const CliOption own_options[] = {
    { "data", CLI_TEXT, "F.csv", "the table: CSV with a header", false },
    { NULL, CLI_FLAG, NULL, NULL, false }
};

const Command command_stat = {
    .name = "stat",
    .synopsis = "METHOD ['FORMULA'] --data F.csv [options]",
    .summary = "one statistical analysis of any table",
    .details = "  reox stat cox 'Surv(months, death) ~ fmiso_pre_fhv + age' --data cohort.csv\n"
               "  reox stat logistic 'response ~ fmiso_mid_tbr_max' --data cohort.csv --penalty firth --json\n\n"
               "Formulas are R's. `reox list methods` names the methods, `reox stat METHOD --help` their options.\n"
               "Exit code 4: the analysis could not be estimated; the diagnosis says why and what to do.",
    .options = own_options,
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run,
    .more_options = stat_options,
};
