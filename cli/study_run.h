/* cli/study_run.h: what commands on a study share: its folder, tables, database, the run's row, refused lines and exit code. */
#ifndef REOX_CLI_STUDY_RUN_H
#define REOX_CLI_STUDY_RUN_H

#include <stdint.h>

#include "cli/command.h"
#include "core/json.h"
#include "core/rejection.h"
#include "core/str.h"
#include "db/db.h"
#include "ingest/study_tables.h"

typedef struct {
    const CommandLine *command;
    const char *dir;               /* the study folder */
    Str db_path;
    StudyTables tables;
    Db *db;                        /* NULL when it could not be opened, or there is none and nothing is to be stored */
    int64_t run_id;                /* 0: no run was begun */
    ExitCode code;                 /* the worst so far */
} StudyRun;

/* Reads the study's tables (study_open) and opens the database; with DB_WRITE or DB_CREATE a row of `run` begins. False when the
 * command cannot go on: what happened was printed, recorded (a table refused whole) and is in r->code. Call study_run_end anyway. */
bool study_run_begin(StudyRun *r, const CommandLine *c, const char *name, DbMode mode);

/* Prints the failure, if rc is one, and takes its exit code into r->code. True when rc is OK. */
bool study_run_check(StudyRun *r, Rc rc, const Err *e);

/* A line each on stderr; exit code 3 when there are any. */
void study_run_refused(StudyRun *r, const RejectionList *l);

/* Completes the run's row, frees everything, gives the exit code. */
ExitCode study_run_end(StudyRun *r);

/* The list of refusals for --json. */
Json *rejections_json(const RejectionList *l);

#endif
