/* reports/pdf.h: a document as pages of A4. */
#ifndef REOX_REPORTS_PDF_H
#define REOX_REPORTS_PDF_H

#include "core/str.h"
#include "reports/document.h"

/* The whole file, appended to out. Every block is measured before it is drawn: what does not fit goes to the next page,
 * tables break between rows and repeat their header. pages (may be NULL): how many there are. */
Rc pdf_render(Str *out, int *pages, const Document *d, Err *e);

#endif
