/* cli/terminal.h: what people see on stderr: lines, progress with ETA, and Ctrl-C. */
#ifndef REOX_CLI_TERMINAL_H
#define REOX_CLI_TERMINAL_H

#include <stdbool.h>

#include "core/progress.h"

/* Fills p so that long work draws one progress line (terminals only), warnings and notes appear as whole lines, and the first
 * SIGINT or SIGTERM asks the work to stop; a second one ends the process. quiet: errors alone. */
void terminal_progress(Progress *p, bool quiet);
void terminal_end(void);

/* "reox: PREFIXtext" as one line, clear of a progress line. */
void terminal_line(const char *prefix, const char *text);

#endif
