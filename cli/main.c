/* cli/main.c: reox COMMAND …: finds the command, parses its line, runs it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command_line.h"
#include "core/arena.h"
#include "core/str.h"
#include "core/version.h"
#include "stats/linalg.h"

#define COMMAND(name) extern const Command command_##name;
#include "cli/commands.def"
#undef COMMAND

static const Command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
    NULL
};

static const Command *find(const char *name)
{
    for (size_t i = 0; commands[i]; i++) if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static void print_overview(FILE *to)
{
    fprintf(to, "reox %s: does tumour hypoxia on PET predict response and survival?\n\n"
                "usage: reox COMMAND …      reox COMMAND --help      reox --version\n\n", REOX_VERSION);
    for (size_t i = 0; commands[i]; i++) fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(to, "\nBegin with: reox new DIR, or see a finished study: make demo.\n%s\n", REOX_DISCLAIMER);
}

static ExitCode unknown_command(const char *name)
{
    const char *names[sizeof commands / sizeof *commands] = { NULL };
    size_t n = 0;
    for (; commands[n]; n++) names[n] = commands[n]->name;
    const char *near = text_nearest(name, names, n);
    Err e;
    err_set(&e, ERR_USAGE, "unknown command %s, expected %s%s (reox --help lists all)", name, near ? "perhaps " : "one of the list", near ? near : "");
    return cli_fail(&e);
}

int main(int argc, char **argv)
{
    linalg_init();
    arena_keep_freed();
    umask(077);                            /* patients' data: for the owner alone */
    signal(SIGPIPE, SIG_IGN);              /* a closed pipe or a full disk is an error message, not a death */
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) { print_overview(stderr); return EXIT_USAGE; }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        const Command *of = argc > 2 ? find(argv[2]) : NULL;
        if (of) command_help(of, stdout);
        else print_overview(stdout);
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("reox %s\n", REOX_VERSION);
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
    }
    const Command *command = find(argv[1]);
    return command ? command_execute(command, argc - 2, argv + 2) : unknown_command(argv[1]);
}
