/* cli/command_line.h: between main and the parser. Commands themselves need cli/command.h alone. */
#ifndef REOX_CLI_COMMAND_LINE_H
#define REOX_CLI_COMMAND_LINE_H

#include <stdio.h>

#include "cli/command.h"

/* Parses what stands behind the command's name and runs it; --help and mistakes end here. */
ExitCode command_execute(const Command *command, int argc, char **argv);
void command_help(const Command *command, FILE *to);

#endif
