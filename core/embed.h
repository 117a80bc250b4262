/* core/embed.h: files that are part of the program. tools/embed.sh makes the tables at build time. */
#ifndef REOX_CORE_EMBED_H
#define REOX_CORE_EMBED_H

#include <stddef.h>

typedef struct {
    const char *name;          /* base name of the file */
    const char *text;          /* NUL behind the end, not counted */
    size_t size;
} EmbeddedFile;

/* One table a folder, in order of name, ended by {NULL, NULL, 0}. */
extern const EmbeddedFile embedded_db_schema[];            /* the .sql files of db/schema */
extern const EmbeddedFile embedded_db_query[];             /* the .sql files of db/query */
extern const EmbeddedFile embedded_literature[];           /* the .json files of literature */
extern const EmbeddedFile embedded_sample_cohort[];        /* the .json and .md files of sample_cohort */

const EmbeddedFile *embedded_find(const EmbeddedFile *table, const char *name);     /* NULL when absent */

#endif
