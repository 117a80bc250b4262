/* cli/command.h: what a subcommand is. A new one is a file cmd_NAME.c that defines `const Command command_NAME` and one row of
 * commands.def; parsing, --help, the list of commands and completion come from the row. */
#ifndef REOX_CLI_COMMAND_H
#define REOX_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/json.h"
#include "core/progress.h"

/* INTERFACE §1. Where several hold: 1, then 3, then 4. */
typedef enum {
    EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_NOT_ESTIMATED = 4, EXIT_INTERRUPTED = 130
} ExitCode;

typedef enum { CLI_FLAG, CLI_TEXT, CLI_NUMBER, CLI_INTEGER } CliKind;

/* One option. `repeat`: may be given more than once (cli_texts). `value` is its name in --help, which leaves out options without
 * help: they are known in order to be refused by name. */
typedef struct {
    const char *name;          /* without "--" */
    CliKind kind;
    const char *value, *help;
    bool repeat;
} CliOption;

typedef struct CommandLine CommandLine;

typedef struct {
    const char *name;
    const char *synopsis;      /* "STUDY [--patient ID]" */
    const char *summary;       /* one line, for `reox --help` */
    const char *details;       /* paragraphs of --help, examples first; may be NULL */
    const CliOption *options;  /* ends with name NULL; -q, --threads, --json, --db, --help are common to all; may be NULL */
    int min_arguments, max_arguments;      /* positional ones; max -1: any number */
    ExitCode (*run)(const CommandLine *c);
    /* Options that depend on the first argument (`stat METHOD`): returns a table, or NULL for none. May be NULL. */
    const CliOption *(*more_options)(const char *first_argument);
} Command;

/* What was typed. */
size_t cli_argument_count(const CommandLine *c);
const char *cli_argument(const CommandLine *c, size_t i);              /* NULL past the last */
bool cli_flag(const CommandLine *c, const char *option);
const char *cli_text(const CommandLine *c, const char *option);        /* NULL when not given */
double cli_number(const CommandLine *c, const char *option, double fallback);
long cli_integer(const CommandLine *c, const char *option, long fallback);
size_t cli_texts(const CommandLine *c, const char *option, const char *const **values);     /* all values of a repeated option */
bool cli_given(const CommandLine *c, const char *option);
bool cli_json(const CommandLine *c);
int cli_threads(const CommandLine *c);                                 /* at least 1 */
const Progress *cli_progress(const CommandLine *c);                    /* draws on stderr; knows -q, terminals, SIGINT */

/* Prints "reox: TEXT" on stderr and gives the exit code of the failure. */
ExitCode cli_fail(const Err *e);
ExitCode exit_code_of(Rc rc);
ExitCode exit_code_worse(ExitCode a, ExitCode b);                      /* by INTERFACE's order */

/* The result on stdout, all or nothing: ERR_IO when stdout cannot take it (full disk, closed pipe). */
Rc cli_print(const char *text, Err *e);
Rc cli_print_json(const Json *j, Err *e);                      /* pretty, newline behind */

#endif
