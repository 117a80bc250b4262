/* core/embed.c: look-up in a table of embedded files. */
#include "core/embed.h"

#include <string.h>

const EmbeddedFile *embedded_find(const EmbeddedFile *table, const char *name)
{
    for (; table->name; table++) if (strcmp(table->name, name) == 0) return table;
    return NULL;
}
