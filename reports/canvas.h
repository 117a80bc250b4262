/* reports/canvas.h: paper: pages of a PDF, or one PNG, with text and scenes on them. The one file behind it knows the drawing library. */
#ifndef REOX_REPORTS_CANVAS_H
#define REOX_REPORTS_CANVAS_H

#include "core/str.h"
#include "reports/scene.h"

typedef struct Canvas Canvas;

/* A PDF in memory. title and subject go into its metadata; its dates are SOURCE_DATE_EPOCH or a constant, so the same input
 * gives the same bytes. Lengths in points, y downwards. */
Rc canvas_begin(Canvas **out, double width_pt, double height_pt, const char *title, const char *subject, Err *e);
void canvas_free(Canvas *c);                     /* NULL is fine */

/* Drawing cannot fail at once: the first failure is kept, and canvas_page_end and canvas_end tell it. A coordinate that is
 * not finite is such a failure (cairo would hang or abort on it). */
void canvas_scene(Canvas *c, const Scene *s, double x, double y, double scale);
void canvas_line(Canvas *c, double x0, double y0, double x1, double y1, Colour colour, double width_pt);
void canvas_rect(Canvas *c, double x, double y, double width, double height, Colour fill);

/* Text of any origin (text_visible is applied), wrapped to width_pt (0: one line). y is the top of the first line.
 * Returns the height that it takes. canvas_text_height only measures. */
double canvas_text(Canvas *c, double x, double y, double width_pt, const char *text, TextStyle style);
double canvas_text_height(Canvas *c, double width_pt, const char *text, TextStyle style);
double canvas_text_width(Canvas *c, const char *text, TextStyle style);

/* Ends a page; ERR_INTERNAL when anything on it failed. */
Rc canvas_page_end(Canvas *c, Err *e);

/* The finished file, appended to out. */
Rc canvas_end(Str *out, Canvas *c, Err *e);

/* One scene as PNG on white, `scale` pixels a point, appended to out. */
Rc canvas_png(Str *out, const Scene *s, double scale, Err *e);

#endif
