/* core/progress.c: calls that do nothing when nobody listens. */
#include "core/progress.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/err.h"

void progress_begin(const Progress *p, const char *what, size_t total) { if (p && p->begin) p->begin(p->context, what, total); }
void progress_step(const Progress *p, size_t done, const char *subject) { if (p && p->step) p->step(p->context, done, subject); }
void progress_end(const Progress *p) { if (p && p->end) p->end(p->context); }
bool progress_interrupted(const Progress *p) { return p && p->interrupted && p->interrupted(p->context); }

/* Through err_set, so that a line for people never holds a control character of the data. */
static void line(const Progress *p, void (*to)(void *, const char *), const char *format, va_list ap)
{
    char raw[ERR_TEXT_MAX];
    Err clean;
    vsnprintf(raw, sizeof raw, format, ap);
    err_set(&clean, OK, "%s", raw);
    to(p->context, clean.text);
}

void progress_warn(const Progress *p, const char *format, ...)
{
    if (!p || !p->warn) return;
    va_list ap;
    va_start(ap, format);
    line(p, p->warn, format, ap);
    va_end(ap);
}

void progress_note(const Progress *p, const char *format, ...)
{
    if (!p || !p->note) return;
    va_list ap;
    va_start(ap, format);
    line(p, p->note, format, ap);
    va_end(ap);
}
