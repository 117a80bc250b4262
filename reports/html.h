/* reports/html.h: a document as one self-contained HTML page. */
#ifndef REOX_REPORTS_HTML_H
#define REOX_REPORTS_HTML_H

#include "core/str.h"
#include "reports/document.h"

/* The whole page, appended to out: no script, nothing fetched, every text through html_escape. */
Rc html_render(Str *out, const Document *d, Err *e);

#endif
