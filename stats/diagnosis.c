/* stats/diagnosis.c: the list of {code, message} that every analysis carries. */
#include "stats/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>

static void append(Json *out, const char *code, const char *message)
{
    Json *list = (Json *)(size_t)json_get(out, "diagnosis"), *o;
    if (!list) list = json_set(out, "diagnosis", json_array());
    o = json_push(list, json_object());
    json_set_text(o, "code", code);
    json_set_text(o, "message", message);
}

void diagnose(Json *out, const char *code, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    append(out, code, text);
}

Rc diagnose_fatal(Json *out, Err *e, const char *code, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    append(out, code, text);
    return err_set(e, ERR_ESTIMATE, "%s: %s", code, text);
}
