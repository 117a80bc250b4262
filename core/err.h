/* core/err.h: how a function says that it failed, and why. */
#ifndef REOX_CORE_ERR_H
#define REOX_CORE_ERR_H

#include <stddef.h>

/* What kind of failure. The caller's reaction follows from the kind, the person's from the text. */
typedef enum {
    OK = 0,
    ERR_IO,          /* a file or the disk failed us */
    ERR_NOMEM,
    ERR_USAGE,       /* the command line */
    ERR_INPUT,       /* a user's file holds something that cannot be */
    ERR_ESTIMATE,    /* the data do not determine what was asked for */
    ERR_DB,
    ERR_INTERNAL,
    ERR_INTERRUPTED
} Rc;

enum { ERR_TEXT_MAX = 1024 };

/* Lives on the caller's stack, {0} at first. `text` is one line without "reox:" and without newline. */
typedef struct {
    Rc rc;
    char text[ERR_TEXT_MAX];
} Err;

/* Writes the message and returns rc, so that a failure is one statement: return err_set(e, ERR_INPUT, …).
 * e may be NULL. Control characters of the data come out as \xNN, so a message is always one printable line. */
__attribute__((format(printf, 3, 4)))
Rc err_set(Err *e, Rc rc, const char *format, ...);

/* Puts "PREFIX: " before the text already there; for a caller that alone knows the file or the patient. */
__attribute__((format(printf, 2, 3)))
void err_prefix(Err *e, const char *format, ...);

/* ERR_NOMEM with its usual sentence. */
Rc err_nomem(Err *e);

/* Runs a call that returns Rc; on failure leaves through `out` with rc set. Needs `Rc rc` and the label `out`. */
#define TRY(call) do { rc = (call); if (rc != OK) goto out; } while (0)

#endif
