/* reports/scene.h: a figure before it is drawn: marks in data units on panels, for any back-end. */
#ifndef REOX_REPORTS_SCENE_H
#define REOX_REPORTS_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

typedef uint32_t Colour;                     /* 0xRRGGBB */

/* Lengths on the page are points (1/72 inch), y downwards. */
typedef struct {
    bool log;                                /* logarithmic: lo and hi are positive */
    double lo, hi;                           /* data at the two ends */
    double from_pt, to_pt;                   /* where the ends lie on the page */
} Scale;
double scale_pt(const Scale *s, double x);   /* position on the page; NaN for what the scale cannot hold */

typedef struct { Scale x, y; } Panel;
enum { SCENE_PAGE = -1 };                    /* instead of a panel: coordinates are points of the page */

typedef struct { Colour colour; double width_pt, alpha, dash_pt; } Pen;      /* dash 0: solid */

typedef enum { SHAPE_CIRCLE, SHAPE_SQUARE, SHAPE_DIAMOND, SHAPE_TICK, SHAPE_LEFT, SHAPE_RIGHT } Shape;
typedef enum { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END } Anchor;

typedef struct {
    double size_pt;
    Colour colour;
    bool bold, italic;
    Anchor anchor;
    bool upwards;                            /* turned by 90 degrees, read from below */
    bool halo;                               /* with a thin dark rim, to stand on an image */
} TextStyle;

typedef enum { MARK_LINE, MARK_AREA, MARK_SHAPE, MARK_TEXT, MARK_IMAGE } MarkKind;

/* One thing to draw. x, y hold n points: of a line or area its corners, of an image its upper left and lower right corner. */
typedef struct {
    MarkKind kind;
    int panel;
    size_t n;
    double *x, *y;
    bool closed;                             /* line */
    Pen pen;                                 /* of an area colour and alpha alone */
    Shape shape;
    double size_pt;
    TextStyle style;
    char *text;                              /* already text_visible */
    double dx_pt, dy_pt;                     /* text: moved from its point */
    int columns, rows;                       /* image */
    uint8_t *rgb;                            /* image: rows from above, 3 bytes a pixel */
} Mark;

typedef struct {
    double width_pt, height_pt;
    char *title, *description;               /* description: the figure in words, for those who cannot see it */
    Panel *panel;
    size_t n_panels, panels_cap;
    Mark *mark;
    size_t n_marks, marks_cap;
    Arena arena;
    Rc rc;                                   /* the first failure sticks; scene_check tells it */
    char failure[160];
} Scene;

/* A figure of that size; title and description may be NULL. Everything that follows cannot fail at once: the first
 * failure is kept, what comes after is left out, and scene_check reports it. */
void scene_init(Scene *s, double width_pt, double height_pt, const char *title, const char *description);
void scene_free(Scene *s);

int scene_panel(Scene *s, Scale x, Scale y);                                  /* its number */
Mark *scene_line(Scene *s, int panel, const double *x, const double *y, size_t n, Pen pen);
void scene_segment(Scene *s, int panel, double x0, double y0, double x1, double y1, Pen pen);
void scene_area(Scene *s, int panel, const double *x, const double *y, size_t n, Colour fill, double alpha);
void scene_rect(Scene *s, int panel, double x0, double y0, double x1, double y1, Colour fill, double alpha);
void scene_shape(Scene *s, int panel, double x, double y, Shape shape, double size_pt, Colour fill);
void scene_text(Scene *s, int panel, double x, double y, double dx_pt, double dy_pt, const char *text, TextStyle style);
/* rgb is copied. */
void scene_image(Scene *s, int panel, double x0, double y0, double x1, double y1, const uint8_t *rgb, int columns, int rows);

/* What every back-end asks first. ERR_INTERNAL when a coordinate is not finite, lies absurdly far off the page (cairo hangs
 * on such numbers) or a size is no size; ERR_NOMEM when memory ran out while drawing. */
Rc scene_check(const Scene *s, Err *e);
void scene_place(double *x_pt, double *y_pt, const Scene *s, const Mark *m, size_t i);     /* point i of a mark on the page */

/* Width of text in Liberation Sans (metrics of Arial and Helvetica), near enough to lay out with. */
double text_width_pt(const char *text, double size_pt, bool bold);
/* The visible text, or its beginning with "…" where it is wider than room_pt. Arena memory; NULL when memory is out. */
char *text_fit(Arena *a, const char *text, double size_pt, bool bold, double room_pt);

#endif
