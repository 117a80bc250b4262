/* cli/command_line.c: one parser for every command, driven by its tables. */
#include "cli/command_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/terminal.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/par.h"
#include "core/str.h"
#include "core/utf8.h"

typedef struct { const CliOption *option; const char *value; } Given;

struct CommandLine {
    const Command *command;
    const CliOption *more;
    const char **argument;
    size_t n_arguments;
    Given *given;
    size_t n_given;
    const char **values;          /* scratch of cli_texts */
    int threads;
    Progress progress;
};

static const CliOption common[] = {
    { "json", CLI_FLAG, NULL, "print the result as JSON", false },
    { "db", CLI_TEXT, "FILE", "database, instead of STUDY/reox.db", false },
    { "threads", CLI_INTEGER, "N", "threads (default: all cores); never changes a result", false },
    { "quiet", CLI_FLAG, NULL, "silence everything but errors (-q)", false },
    { "help", CLI_FLAG, NULL, "this text (-h)", false },
    { NULL, CLI_FLAG, NULL, NULL, false }
};

static const CliOption *find_in(const CliOption *table, const char *name)
{
    for (; table && table->name; table++) if (strcmp(table->name, name) == 0) return table;
    return NULL;
}

static const CliOption *find_option(const CommandLine *c, const char *name)
{
    const CliOption *o = find_in(c->command->options, name);
    if (!o) o = find_in(c->more, name);
    return o ? o : find_in(common, name);
}

static Rc unknown_option(const CommandLine *c, const char *name, Err *e)
{
    enum { MOST = 128 };
    const char *names[MOST] = { NULL };
    size_t n = 0;
    const CliOption *const tables[] = { c->command->options, c->more, common };
    for (int t = 0; t < 3; t++)
        for (const CliOption *o = tables[t]; o && o->name && n < MOST; o++) names[n++] = o->name;
    const char *near = text_nearest(name, names, n);
    return err_set(e, ERR_USAGE, "%s: unknown option --%s%s%s (reox %s --help lists all)", c->command->name, name,
                   near ? ", perhaps --" : "", near ? near : "", c->command->name);
}

static Rc take_value(CommandLine *c, const CliOption *o, const char *value, Err *e)
{
    double x;
    for (size_t i = 0; i < c->n_given && !o->repeat; i++)
        if (c->given[i].option == o) return err_set(e, ERR_USAGE, "%s: --%s is given twice", c->command->name, o->name);
    if ((o->kind == CLI_NUMBER || o->kind == CLI_INTEGER) && !number_read(&x, value))
        return err_set(e, ERR_USAGE, "%s: --%s %s: expected a number", c->command->name, o->name, value);
    if (o->kind == CLI_INTEGER && (x != floor(x) || fabs(x) > 9e15))
        return err_set(e, ERR_USAGE, "%s: --%s %s: expected a whole number", c->command->name, o->name, value);
    c->given[c->n_given++] = (Given){ o, value };
    return OK;
}

static Rc parse(CommandLine *c, int argc, char **argv, Err *e)
{
    Rc rc = OK;
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        const char *a = argv[i];
        if (!options_end && strcmp(a, "--") == 0) { options_end = true; continue; }
        if (!options_end && strcmp(a, "-q") == 0) a = "--quiet";
        if (!options_end && strcmp(a, "-h") == 0) a = "--help";
        if (options_end || strncmp(a, "--", 2) != 0) {
            if (!options_end && a[0] == '-' && a[1] && !((a[1] >= '0' && a[1] <= '9') || a[1] == '.'))
                return err_set(e, ERR_USAGE, "%s: unknown option %s (reox %s --help lists all)", c->command->name, a, c->command->name);
            if (c->n_arguments == 0 && c->command->more_options) c->more = c->command->more_options(a);
            c->argument[c->n_arguments++] = a;
            continue;
        }
        char name[64];
        const char *equals = strchr(a, '=');
        size_t n = equals ? (size_t)(equals - a - 2) : strlen(a + 2);
        if (n >= sizeof name) n = sizeof name - 1;
        memcpy(name, a + 2, n);
        name[n] = '\0';
        const CliOption *o = find_option(c, name);
        if (!o) return unknown_option(c, name, e);
        if (o->kind == CLI_FLAG) {
            if (equals) return err_set(e, ERR_USAGE, "%s: --%s takes no value", c->command->name, name);
            c->given[c->n_given++] = (Given){ o, NULL };
            continue;
        }
        const char *value = equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (!value) return err_set(e, ERR_USAGE, "%s: --%s needs a value (%s)", c->command->name, name, o->value ? o->value : "VALUE");
        TRY(take_value(c, o, value, e));
    }
out:
    return rc;
}

static Rc check_counts(CommandLine *c, Err *e)
{
    long threads = cli_integer(c, "threads", 0);
    if (cli_given(c, "threads") && (threads < 1 || threads > LIMIT_THREADS))
        return err_set(e, ERR_USAGE, "%s: --threads %ld: expected 1 to %d", c->command->name, threads, LIMIT_THREADS);
    c->threads = threads > 0 ? (int)threads : cores_available();
    if ((int)c->n_arguments < c->command->min_arguments ||
        (c->command->max_arguments >= 0 && (int)c->n_arguments > c->command->max_arguments))
        return err_set(e, ERR_USAGE, "%s: %zu argument%s, expected: reox %s %s", c->command->name, c->n_arguments,
                       c->n_arguments == 1 ? "" : "s", c->command->name, c->command->synopsis);
    return OK;
}

static void print_options(FILE *to, const CliOption *table)
{
    for (; table && table->name; table++) {
        char left[80];
        if (!table->help) continue;
        snprintf(left, sizeof left, "--%s%s%s", table->name, table->value ? " " : "", table->value ? table->value : "");
        const size_t wide = utf8_length(left);
        fprintf(to, "  %s%*s%s%s\n", left, wide < 28 ? 29 - (int)wide : 1, "", table->help, table->repeat ? " (repeatable)" : "");
    }
}

void command_help(const Command *c, FILE *to)
{
    fprintf(to, "reox %s %s\n%s\n", c->name, c->synopsis, c->summary);
    if (c->details) fprintf(to, "\n%s\n", c->details);
    fprintf(to, "\nOptions:\n");
    print_options(to, c->options);
    print_options(to, common);
}

ExitCode command_execute(const Command *command, int argc, char **argv)
{
    ExitCode code = EXIT_DONE;
    Err e = { 0 };
    CommandLine c = { .command = command };
    c.argument = calloc((size_t)argc + 1, sizeof *c.argument);
    c.given = calloc((size_t)argc + 1, sizeof *c.given);
    c.values = calloc((size_t)argc + 1, sizeof *c.values);
    if (!c.argument || !c.given || !c.values) { err_nomem(&e); code = cli_fail(&e); goto out; }
    Rc rc = parse(&c, argc, argv, &e);
    /* Help is given even where the rest of the line is not right yet. */
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            command_help(command, stdout);
            if (c.more) { printf("\nOptions of %s:\n", c.argument[0]); print_options(stdout, c.more); }
            code = fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
            goto out;
        }
    if (rc == OK) rc = check_counts(&c, &e);
    if (rc != OK) { code = cli_fail(&e); goto out; }
    terminal_progress(&c.progress, cli_flag(&c, "quiet"));
    code = command->run(&c);
    terminal_end();
out:
    free(c.argument);
    free(c.given);
    free(c.values);
    return code;
}

size_t cli_argument_count(const CommandLine *c) { return c->n_arguments; }
const char *cli_argument(const CommandLine *c, size_t i) { return i < c->n_arguments ? c->argument[i] : NULL; }

static const Given *given(const CommandLine *c, const char *option)
{
    for (size_t i = 0; i < c->n_given; i++) if (strcmp(c->given[i].option->name, option) == 0) return &c->given[i];
    return NULL;
}

bool cli_given(const CommandLine *c, const char *option) { return given(c, option) != NULL; }
bool cli_flag(const CommandLine *c, const char *option) { return given(c, option) != NULL; }
bool cli_json(const CommandLine *c) { return cli_flag(c, "json"); }
int cli_threads(const CommandLine *c) { return c->threads; }
const Progress *cli_progress(const CommandLine *c) { return &c->progress; }

const char *cli_text(const CommandLine *c, const char *option)
{
    const Given *g = given(c, option);
    return g ? g->value : NULL;
}

double cli_number(const CommandLine *c, const char *option, double fallback)
{
    const Given *g = given(c, option);
    double x = fallback;
    if (g) number_read(&x, g->value);
    return x;
}

long cli_integer(const CommandLine *c, const char *option, long fallback)
{
    return (long)cli_number(c, option, (double)fallback);
}

size_t cli_texts(const CommandLine *c, const char *option, const char *const **values)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_given; i++)
        if (strcmp(c->given[i].option->name, option) == 0) c->values[n++] = c->given[i].value;
    *values = c->values;
    return n;
}

ExitCode exit_code_of(Rc rc)
{
    switch (rc) {
    case OK: return EXIT_DONE;
    case ERR_USAGE: return EXIT_USAGE;
    case ERR_INPUT: return EXIT_REFUSED;
    case ERR_ESTIMATE: return EXIT_NOT_ESTIMATED;
    case ERR_INTERRUPTED: return EXIT_INTERRUPTED;
    case ERR_IO: case ERR_NOMEM: case ERR_DB: case ERR_INTERNAL: break;
    }
    return EXIT_FAILED;
}

ExitCode exit_code_worse(ExitCode a, ExitCode b)
{
    static const ExitCode order[] = { EXIT_INTERRUPTED, EXIT_FAILED, EXIT_USAGE, EXIT_REFUSED, EXIT_NOT_ESTIMATED };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) if (a == order[i] || b == order[i]) return order[i];
    return EXIT_DONE;
}

ExitCode cli_fail(const Err *e)
{
    terminal_line("", e->text[0] ? e->text : "failed without a reason");
    return exit_code_of(e->rc == OK ? ERR_INTERNAL : e->rc);
}

Rc cli_print(const char *text, Err *e)
{
    if (!text) return err_nomem(e);        /* a Str whose building failed */
    size_t n = strlen(text);
    if (fwrite(text, 1, n, stdout) != n || fflush(stdout) != 0)
        return err_set(e, ERR_IO, "standard output cannot be written");
    return OK;
}

Rc cli_print_json(const Json *j, Err *e)
{
    Rc rc = OK;
    Str s = { 0 };
    TRY(json_print(&s, j, true, e));
    str_append_char(&s, '\n');
    TRY(str_check(&s, e));
    TRY(cli_print(s.s, e));
out:
    str_free(&s);
    return rc;
}
