/* cli/scan_files.h: images, masks and references as the commands without a study take them. */
#ifndef REOX_CLI_SCAN_FILES_H
#define REOX_CLI_SCAN_FILES_H

#include "cli/command.h"
#include "core/protocol.h"
#include "core/volume.h"
#include "features/hypoxia.h"

/* An image file in the units of --units (SUV where none are given). */
Rc image_argument(Volume *out, const CommandLine *c, const char *path, Err *e);

/* A mask file, or `file#LABEL` for one label of several, which must be of the image's grid. */
Rc mask_argument(Mask *out, const char *text, const Grid *image, Err *e);

/* --reference: a number, or a mask whose mean it is. Without the option the mean is NaN; an image in TBR has 1 whatever is given. */
Rc reference_option(ReferenceRegion *out, const CommandLine *c, const Volume *image, Err *e);

/* --tracer, --threshold and --operator as a rule: the preset's, overridden by what was typed; ">=" where nothing says it. Its texts
 * are the command line's. Warns of a tracer that is not known. */
Rc rule_options(HypoxiaRule *out, const CommandLine *c, Err *e);

/* A warning on stderr, as every command writes them. */
void print_warning(const CommandLine *c, const char *line);

#endif
