/* reports/escape.h: the one place where text of users becomes text of pages. */
#ifndef REOX_REPORTS_ESCAPE_H
#define REOX_REPORTS_ESCAPE_H

#include "core/str.h"

/* Appends text as a reader may safely see it: valid UTF-8 passes; line ends and tabs become blanks; other control
 * characters and bytes that are not UTF-8 become \xNN; what is invisible or turns the direction of writing (zero-width,
 * bidirectional, tags) becomes [U+XXXX]. What figures and the PDF draw. */
void text_visible(Str *out, const char *text);

/* text_visible, then & < > " ' as character references: safe as HTML or SVG text and inside a quoted attribute. */
void html_escape(Str *out, const char *text);

#endif
