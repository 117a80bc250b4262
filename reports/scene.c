/* reports/scene.c: marks in data units on panels. */
#include "reports/scene.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"

/* Nothing that a page can show lies farther out than this. */
static const double FARTHEST_PT = 20000.0;
static const double LARGEST_SCENE_PT = 5000.0;

double scale_pt(const Scale *s, double x)
{
    double u = s->log ? (log(x) - log(s->lo)) / (log(s->hi) - log(s->lo)) : (x - s->lo) / (s->hi - s->lo);
    return s->from_pt + u * (s->to_pt - s->from_pt);
}

__attribute__((format(printf, 3, 4)))
static void fail(Scene *s, Rc rc, const char *format, ...)
{
    if (s->rc != OK) return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(s->failure, sizeof s->failure, format, ap);
    va_end(ap);
    s->rc = rc;
}

/* No text of a figure is longer than this many bytes. */
enum { TEXT_MAX = 400 };

static char *visible_copy(Scene *s, const char *text)
{
    if (!text) return NULL;
    Str b = { 0 };
    text_visible(&b, text);
    if (!b.failed && b.len > TEXT_MAX) {
        size_t n = TEXT_MAX;
        while (n > 0 && ((unsigned char)b.s[n] & 0xC0) == 0x80) n--;             /* not inside a character */
        b.len = n;
        b.s[n] = '\0';
        str_append(&b, "…");
    }
    char *copy = b.failed ? NULL : arena_strdup(&s->arena, str_text(&b));
    str_free(&b);
    if (!copy) fail(s, ERR_NOMEM, "out of memory");
    return copy;
}

void scene_init(Scene *s, double width_pt, double height_pt, const char *title, const char *description)
{
    *s = (Scene){ .width_pt = width_pt, .height_pt = height_pt };
    if (!(width_pt > 0 && height_pt > 0 && width_pt <= LARGEST_SCENE_PT && height_pt <= LARGEST_SCENE_PT))
        fail(s, ERR_INTERNAL, "figure of %g x %g pt", width_pt, height_pt);
    s->title = visible_copy(s, title);
    s->description = visible_copy(s, description);
}

void scene_free(Scene *s)
{
    free(s->panel);
    free(s->mark);
    arena_free(&s->arena);
    *s = (Scene){ 0 };
}

static bool scale_valid(const Scale *c)
{
    return isfinite(c->lo) && isfinite(c->hi) && c->lo != c->hi && isfinite(c->from_pt) && isfinite(c->to_pt) &&
           (!c->log || (c->lo > 0 && c->hi > 0));
}

int scene_panel(Scene *s, Scale x, Scale y)
{
    if (s->rc != OK) return SCENE_PAGE;
    if (!scale_valid(&x) || !scale_valid(&y)) {
        fail(s, ERR_INTERNAL, "panel with x from %g to %g and y from %g to %g", x.lo, x.hi, y.lo, y.hi);
        return SCENE_PAGE;
    }
    if (s->n_panels == s->panels_cap) {
        size_t cap = s->panels_cap ? 2 * s->panels_cap : 4;
        Panel *p = realloc(s->panel, cap * sizeof *p);
        if (!p) { fail(s, ERR_NOMEM, "out of memory"); return SCENE_PAGE; }
        s->panel = p;
        s->panels_cap = cap;
    }
    s->panel[s->n_panels] = (Panel){ x, y };
    return (int)s->n_panels++;
}

/* A new mark with room for n points, or NULL after a failure. */
static Mark *add(Scene *s, MarkKind kind, int panel, size_t n)
{
    if (s->rc != OK) return NULL;
    if (panel != SCENE_PAGE && (panel < 0 || (size_t)panel >= s->n_panels)) {
        fail(s, ERR_INTERNAL, "mark on panel %d of %zu", panel, s->n_panels);
        return NULL;
    }
    if (s->n_marks == s->marks_cap) {
        size_t cap = s->marks_cap ? 2 * s->marks_cap : 64;
        Mark *m = realloc(s->mark, cap * sizeof *m);
        if (!m) { fail(s, ERR_NOMEM, "out of memory"); return NULL; }
        s->mark = m;
        s->marks_cap = cap;
    }
    double *x = ARENA_NEW(&s->arena, n, double), *y = ARENA_NEW(&s->arena, n, double);
    if (!x || !y) { fail(s, ERR_NOMEM, "out of memory"); return NULL; }
    Mark *m = &s->mark[s->n_marks++];
    *m = (Mark){ .kind = kind, .panel = panel, .n = n, .x = x, .y = y };
    return m;
}

Mark *scene_line(Scene *s, int panel, const double *x, const double *y, size_t n, Pen pen)
{
    Mark *m = n > 1 ? add(s, MARK_LINE, panel, n) : NULL;
    if (!m) return NULL;
    memcpy(m->x, x, n * sizeof *x);
    memcpy(m->y, y, n * sizeof *y);
    m->pen = pen;
    return m;
}

void scene_segment(Scene *s, int panel, double x0, double y0, double x1, double y1, Pen pen)
{
    const double x[2] = { x0, x1 }, y[2] = { y0, y1 };
    scene_line(s, panel, x, y, 2, pen);
}

void scene_area(Scene *s, int panel, const double *x, const double *y, size_t n, Colour fill, double alpha)
{
    Mark *m = n > 2 ? add(s, MARK_AREA, panel, n) : NULL;
    if (!m) return;
    memcpy(m->x, x, n * sizeof *x);
    memcpy(m->y, y, n * sizeof *y);
    m->pen = (Pen){ .colour = fill, .alpha = alpha };
}

void scene_rect(Scene *s, int panel, double x0, double y0, double x1, double y1, Colour fill, double alpha)
{
    const double x[4] = { x0, x1, x1, x0 }, y[4] = { y0, y0, y1, y1 };
    scene_area(s, panel, x, y, 4, fill, alpha);
}

void scene_shape(Scene *s, int panel, double x, double y, Shape shape, double size_pt, Colour fill)
{
    Mark *m = add(s, MARK_SHAPE, panel, 1);
    if (!m) return;
    m->x[0] = x;
    m->y[0] = y;
    m->shape = shape;
    m->size_pt = size_pt;
    m->pen = (Pen){ .colour = fill, .alpha = 1, .width_pt = 1 };
}

void scene_text(Scene *s, int panel, double x, double y, double dx_pt, double dy_pt, const char *text, TextStyle style)
{
    if (!text || !*text) return;
    Mark *m = add(s, MARK_TEXT, panel, 1);
    if (!m) return;
    m->x[0] = x;
    m->y[0] = y;
    m->dx_pt = dx_pt;
    m->dy_pt = dy_pt;
    m->style = style;
    m->text = visible_copy(s, text);
}

void scene_image(Scene *s, int panel, double x0, double y0, double x1, double y1, const uint8_t *rgb, int columns, int rows)
{
    Mark *m = add(s, MARK_IMAGE, panel, 2);
    if (!m) return;
    if (columns < 1 || rows < 1 || columns > 4096 || rows > 4096) {
        fail(s, ERR_INTERNAL, "image of %d x %d pixels", columns, rows);
        return;
    }
    size_t bytes = (size_t)columns * (size_t)rows * 3;
    m->rgb = arena_alloc(&s->arena, bytes);
    if (!m->rgb) { fail(s, ERR_NOMEM, "out of memory"); return; }
    memcpy(m->rgb, rgb, bytes);
    m->columns = columns;
    m->rows = rows;
    m->x[0] = x0; m->x[1] = x1;
    m->y[0] = y0; m->y[1] = y1;
}

void scene_place(double *x_pt, double *y_pt, const Scene *s, const Mark *m, size_t i)
{
    *x_pt = m->panel == SCENE_PAGE ? m->x[i] : scale_pt(&s->panel[m->panel].x, m->x[i]);
    *y_pt = m->panel == SCENE_PAGE ? m->y[i] : scale_pt(&s->panel[m->panel].y, m->y[i]);
    if (m->kind == MARK_TEXT) { *x_pt += m->dx_pt; *y_pt += m->dy_pt; }
}

static const char *mark_name(MarkKind k)
{
    static const char *const name[] = { "line", "area", "shape", "text", "image" };
    return name[k];
}

Rc scene_check(const Scene *s, Err *e)
{
    const char *title = s->title ? s->title : "figure";
    if (s->rc == ERR_NOMEM) return err_nomem(e);
    if (s->rc != OK) return err_set(e, s->rc, "%s: %s", title, s->failure);
    for (size_t i = 0; i < s->n_marks; i++) {
        const Mark *m = &s->mark[i];
        for (size_t k = 0; k < m->n; k++) {
            double x, y;
            scene_place(&x, &y, s, m, k);
            if (!(fabs(x) <= FARTHEST_PT && fabs(y) <= FARTHEST_PT))
                return err_set(e, ERR_INTERNAL, "%s: a %s at (%g, %g) cannot be drawn", title, mark_name(m->kind), m->x[k], m->y[k]);
        }
        bool sized = m->kind == MARK_SHAPE ? m->size_pt >= 0 && m->size_pt <= 1000 :
                     m->kind == MARK_TEXT ? m->style.size_pt > 0 && m->style.size_pt <= 1000 :
                     m->kind == MARK_LINE ? m->pen.width_pt >= 0 && m->pen.width_pt <= 1000 && m->pen.dash_pt >= 0 && m->pen.dash_pt <= 1000 : true;
        bool clear = m->kind == MARK_TEXT || m->kind == MARK_IMAGE || (m->pen.alpha >= 0 && m->pen.alpha <= 1);
        if (!sized || !clear) return err_set(e, ERR_INTERNAL, "%s: a %s without size or opacity", title, mark_name(m->kind));
    }
    return OK;
}

/* Advance widths of Liberation Sans, U+0020 … U+007E, in 1/1000 em. */
static const short REGULAR[95] = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278,
    584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944,
    667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584 };
static const short BOLD[95] = {
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333,
    584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944,
    667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556,
    333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584 };

/* Bytes of the character at p (text is valid UTF-8) and its width. Beyond ASCII: an average letter; wide scripts and
 * symbols a whole em. */
static size_t character(double *em, const char *p, bool bold)
{
    unsigned char c = (unsigned char)*p;
    if (c < 0x80) {
        const short *width = bold ? BOLD : REGULAR;
        *em = c >= 0x20 && c < 0x7F ? width[c - 0x20] / 1000.0 : 0;
        return 1;
    }
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2, have = strnlen(p, n);
    *em = n == 2 ? 0.6 : n == 3 && c < 0xE3 ? 0.6 : 1.0;
    return have;
}

double text_width_pt(const char *text, double size_pt, bool bold)
{
    double sum = 0, em;
    for (const char *p = text; *p; ) {
        p += character(&em, p, bold);
        sum += em;
    }
    return sum * size_pt;
}

char *text_fit(Arena *a, const char *text, double size_pt, bool bold, double room_pt)
{
    Str seen = { 0 };                                /* what will be drawn is what must fit */
    text_visible(&seen, text);
    char *whole = seen.failed ? NULL : arena_strdup(a, str_text(&seen));
    str_free(&seen);
    if (!whole || text_width_pt(whole, size_pt, bold) <= room_pt) return whole;
    double used = size_pt, em;                       /* the ellipsis is one em wide */
    const char *p = whole;
    while (*p) {
        size_t n = character(&em, p, bold);
        if (used + em * size_pt > room_pt) break;
        used += em * size_pt;
        p += n;
    }
    while (p > whole && p[-1] == ' ') p--;
    return arena_printf(a, "%.*s…", (int)(p - whole), whole);
}
