/* reports/canvas.c: paper by cairo and pango. No markup is ever set, only text; every number is checked before cairo sees it. */
#include "reports/canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cairo/cairo-pdf.h>
#include <pango/pangocairo.h>

#include "core/version.h"
#include "reports/escape.h"

struct Canvas {
    cairo_surface_t *surface;
    cairo_t *cr;
    PangoLayout *layout;
    Str bytes;                 /* what cairo has written so far */
    Err err;                   /* the first failure */
};

static const char FAMILY[] = "Liberation Sans";
static const double FARTHEST = 20000.0;

static cairo_status_t take_bytes(void *closure, const unsigned char *data, unsigned int n)
{
    Str *b = closure;
    str_append_n(b, (const char *)data, n);
    return b->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static Rc status_rc(cairo_status_t st, Err *e)
{
    if (st == CAIRO_STATUS_SUCCESS) return OK;
    if (st == CAIRO_STATUS_NO_MEMORY) return err_nomem(e);
    return err_set(e, ERR_INTERNAL, "page cannot be drawn: %s", cairo_status_to_string(st));
}

/* True when all numbers are drawable; else the canvas has failed. */
static bool sane(Canvas *c, const double *x, size_t n)
{
    if (c->err.rc != OK) return false;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(x[i]) <= FARTHEST)) {
            err_set(&c->err, ERR_INTERNAL, "page: coordinate %g cannot be drawn", x[i]);
            return false;
        }
    return true;
}

static Rc start_text(Canvas *c, Err *e)
{
    c->cr = cairo_create(c->surface);
    if (cairo_status(c->cr) != CAIRO_STATUS_SUCCESS) return status_rc(cairo_status(c->cr), e);
    c->layout = pango_cairo_create_layout(c->cr);
    if (!c->layout) return err_nomem(e);
    PangoContext *context = pango_layout_get_context(c->layout);
    cairo_font_options_t *plain = cairo_font_options_create();
    cairo_font_options_set_hint_style(plain, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(plain, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(plain, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, plain);
    cairo_font_options_destroy(plain);
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_language(context, pango_language_from_string("en"));
    pango_layout_context_changed(c->layout);
    return OK;
}

/* SOURCE_DATE_EPOCH (seconds since 1970, reproducible-builds.org), else a constant: the day of a run is no part of a result. */
static void document_date(char out[32])
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    double seconds = 0;
    snprintf(out, 32, "2000-01-01T00:00:00Z");
    if (!text || !number_read(&seconds, text) || !(seconds >= 0 && seconds < 253402300800.0)) return;
    time_t t = (time_t)seconds;
    struct tm utc;
    if (gmtime_r(&t, &utc)) strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

Rc canvas_begin(Canvas **out, double width_pt, double height_pt, const char *title, const char *subject, Err *e)
{
    Rc rc = OK;
    Str plain_title = { 0 }, plain_subject = { 0 };
    Canvas *c = calloc(1, sizeof *c);
    if (!c) return err_nomem(e);
    if (!(width_pt > 0 && height_pt > 0 && width_pt <= FARTHEST && height_pt <= FARTHEST)) {
        rc = err_set(e, ERR_INTERNAL, "page of %g x %g pt", width_pt, height_pt);
        goto out;
    }
    text_visible(&plain_title, title);
    text_visible(&plain_subject, subject);
    TRY(str_check(&plain_title, e));
    TRY(str_check(&plain_subject, e));
    c->surface = cairo_pdf_surface_create_for_stream(take_bytes, &c->bytes, width_pt, height_pt);
    TRY(status_rc(cairo_surface_status(c->surface), e));
    cairo_pdf_surface_restrict_to_version(c->surface, CAIRO_PDF_VERSION_1_5);
    char date[32];
    document_date(date);
    cairo_pdf_surface_set_metadata(c->surface, CAIRO_PDF_METADATA_TITLE, str_text(&plain_title));
    cairo_pdf_surface_set_metadata(c->surface, CAIRO_PDF_METADATA_SUBJECT, str_text(&plain_subject));
    cairo_pdf_surface_set_metadata(c->surface, CAIRO_PDF_METADATA_CREATOR, "reox " REOX_VERSION);
    cairo_pdf_surface_set_metadata(c->surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
    cairo_pdf_surface_set_metadata(c->surface, CAIRO_PDF_METADATA_MOD_DATE, date);
    TRY(start_text(c, e));
    *out = c;
    c = NULL;
out:
    canvas_free(c);
    str_free(&plain_title);
    str_free(&plain_subject);
    return rc;
}

void canvas_free(Canvas *c)
{
    if (!c) return;
    if (c->layout) g_object_unref(c->layout);
    if (c->cr) cairo_destroy(c->cr);
    if (c->surface) {
        cairo_surface_finish(c->surface);
        cairo_surface_destroy(c->surface);
    }
    str_free(&c->bytes);
    free(c);
}

static void set_colour(cairo_t *cr, Colour k, double alpha)
{
    cairo_set_source_rgba(cr, (k >> 16 & 255) / 255.0, (k >> 8 & 255) / 255.0, (k & 255) / 255.0, alpha);
}

/* Puts text and style into the layout; false when the canvas has failed. width 0: one line. */
static bool set_text(Canvas *c, const char *text, const TextStyle *style, double width_pt)
{
    const double numbers[2] = { style->size_pt, width_pt };
    Str plain = { 0 };
    if (!sane(c, numbers, 2)) return false;
    text_visible(&plain, text);
    if (str_check(&plain, &c->err) != OK) { str_free(&plain); return false; }
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, FAMILY);
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_style(font, style->italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_font_description_set_absolute_size(font, style->size_pt * PANGO_SCALE);
    pango_layout_set_font_description(c->layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(c->layout, width_pt > 0 ? (int)(width_pt * PANGO_SCALE) : -1);
    pango_layout_set_wrap(c->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(c->layout, style->anchor == ANCHOR_END ? PANGO_ALIGN_RIGHT :
                               style->anchor == ANCHOR_MIDDLE ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
    pango_layout_set_auto_dir(c->layout, FALSE);
    pango_layout_set_line_spacing(c->layout, width_pt > 0 ? 1.15f : 0);
    pango_layout_set_text(c->layout, str_text(&plain), -1);
    str_free(&plain);
    return true;
}

static void layout_size(double *width, double *height, PangoLayout *layout)
{
    int w, h;
    pango_layout_get_size(layout, &w, &h);
    *width = (double)w / PANGO_SCALE;
    *height = (double)h / PANGO_SCALE;
}

double canvas_text(Canvas *c, double x, double y, double width_pt, const char *text, TextStyle style)
{
    double w, h, shift = 0;
    const double at[2] = { x, y };
    if (!sane(c, at, 2) || !set_text(c, text, &style, width_pt)) return 0;
    layout_size(&w, &h, c->layout);
    if (!(width_pt > 0) && style.anchor != ANCHOR_START) shift = style.anchor == ANCHOR_END ? -w : -w / 2;
    cairo_move_to(c->cr, x + shift, y);
    set_colour(c->cr, style.colour, 1);
    pango_cairo_show_layout(c->cr, c->layout);
    return h;
}

double canvas_text_height(Canvas *c, double width_pt, const char *text, TextStyle style)
{
    double w, h;
    if (!set_text(c, text, &style, width_pt)) return 0;
    layout_size(&w, &h, c->layout);
    return h;
}

double canvas_text_width(Canvas *c, const char *text, TextStyle style)
{
    double w, h;
    if (!set_text(c, text, &style, 0)) return 0;
    layout_size(&w, &h, c->layout);
    return w;
}

void canvas_line(Canvas *c, double x0, double y0, double x1, double y1, Colour colour, double width_pt)
{
    const double at[5] = { x0, y0, x1, y1, width_pt };
    if (!sane(c, at, 5)) return;
    set_colour(c->cr, colour, 1);
    cairo_set_line_width(c->cr, width_pt);
    cairo_new_path(c->cr);
    cairo_move_to(c->cr, x0, y0);
    cairo_line_to(c->cr, x1, y1);
    cairo_stroke(c->cr);
}

void canvas_rect(Canvas *c, double x, double y, double width, double height, Colour fill)
{
    const double at[4] = { x, y, width, height };
    if (!sane(c, at, 4)) return;
    set_colour(c->cr, fill, 1);
    cairo_new_path(c->cr);
    cairo_rectangle(c->cr, x, y, width, height);
    cairo_fill(c->cr);
}

/* ---- marks of a scene; scene_check has passed, so every coordinate is finite */

static void trace(cairo_t *cr, const Scene *s, const Mark *m)
{
    cairo_new_path(cr);
    for (size_t i = 0; i < m->n; i++) {
        double x, y;
        scene_place(&x, &y, s, m, i);
        if (i) cairo_line_to(cr, x, y);
        else cairo_move_to(cr, x, y);
    }
}

static void draw_shape(cairo_t *cr, const Scene *s, const Mark *m)
{
    static const double corner[][4][2] = {
        [SHAPE_SQUARE] = { { -1, -1 }, { 1, -1 }, { 1, 1 }, { -1, 1 } },
        [SHAPE_DIAMOND] = { { -1, 0 }, { 0, -1 }, { 1, 0 }, { 0, 1 } },
        [SHAPE_LEFT] = { { -1, 0 }, { 1, -1 }, { 1, 1 }, { -1, 0 } },
        [SHAPE_RIGHT] = { { 1, 0 }, { -1, 1 }, { -1, -1 }, { 1, 0 } },
    };
    double x, y, r = m->size_pt / 2;
    scene_place(&x, &y, s, m, 0);
    set_colour(cr, m->pen.colour, m->pen.alpha);
    cairo_new_path(cr);                              /* a text before it leaves a current point, which an arc would be joined to */
    if (m->shape == SHAPE_TICK) {
        cairo_set_line_width(cr, m->pen.width_pt);
        cairo_move_to(cr, x, y - r);
        cairo_line_to(cr, x, y + r);
        cairo_stroke(cr);
        return;
    }
    if (m->shape == SHAPE_CIRCLE) {
        cairo_arc(cr, x, y, r, 0, 2 * 3.14159265358979323846);
    } else {
        for (int i = 0; i < 4; i++) {
            double px = x + r * corner[m->shape][i][0], py = y + r * corner[m->shape][i][1];
            if (i) cairo_line_to(cr, px, py);
            else cairo_move_to(cr, px, py);
        }
        cairo_close_path(cr);
    }
    cairo_fill(cr);
}

static void draw_text(Canvas *c, const Scene *s, const Mark *m)
{
    double x, y, w, h;
    TextStyle one_line = m->style;
    one_line.anchor = ANCHOR_START;
    if (!set_text(c, m->text, &one_line, 0)) return;
    layout_size(&w, &h, c->layout);
    scene_place(&x, &y, s, m, 0);
    double left = m->style.anchor == ANCHOR_END ? -w : m->style.anchor == ANCHOR_MIDDLE ? -w / 2 : 0;
    double base = (double)pango_layout_get_baseline(c->layout) / PANGO_SCALE;
    cairo_save(c->cr);
    cairo_translate(c->cr, x, y);
    if (m->style.upwards) cairo_rotate(c->cr, -3.14159265358979323846 / 2);
    cairo_move_to(c->cr, left, -base);
    if (m->style.halo) {
        cairo_set_source_rgba(c->cr, 0, 0, 0, 0.55);
        cairo_set_line_width(c->cr, 2);
        cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
        pango_cairo_layout_path(c->cr, c->layout);
        cairo_stroke(c->cr);
        cairo_move_to(c->cr, left, -base);
    }
    set_colour(c->cr, m->style.colour, 1);
    pango_cairo_show_layout(c->cr, c->layout);
    cairo_restore(c->cr);
}

static void draw_image(Canvas *c, const Scene *s, const Mark *m)
{
    double x0, y0, x1, y1;
    scene_place(&x0, &y0, s, m, 0);
    scene_place(&x1, &y1, s, m, 1);
    if (x0 == x1 || y0 == y1) return;
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, m->columns, m->rows);
    if (status_rc(cairo_surface_status(image), &c->err) != OK) { cairo_surface_destroy(image); return; }
    unsigned char *data = cairo_image_surface_get_data(image);
    size_t stride = (size_t)cairo_image_surface_get_stride(image);
    const uint8_t *p = m->rgb;
    for (int r = 0; r < m->rows; r++) {
        for (int k = 0; k < m->columns; k++, p += 3) {
            uint32_t pixel = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
            memcpy(data + (size_t)r * stride + (size_t)k * 4, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(image);
    cairo_save(c->cr);
    cairo_translate(c->cr, fmin(x0, x1), fmin(y0, y1));
    cairo_scale(c->cr, fabs(x1 - x0) / m->columns, fabs(y1 - y0) / m->rows);
    cairo_set_source_surface(c->cr, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(c->cr), CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(c->cr), CAIRO_EXTEND_PAD);
    cairo_new_path(c->cr);
    cairo_rectangle(c->cr, 0, 0, m->columns, m->rows);
    cairo_fill(c->cr);
    cairo_restore(c->cr);
    cairo_surface_destroy(image);
}

static void draw_mark(Canvas *c, const Scene *s, const Mark *m)
{
    cairo_t *cr = c->cr;
    switch (m->kind) {
    case MARK_LINE:
        cairo_save(cr);
        set_colour(cr, m->pen.colour, m->pen.alpha);
        cairo_set_line_width(cr, m->pen.width_pt);
        cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
        if (m->pen.dash_pt > 0) cairo_set_dash(cr, &m->pen.dash_pt, 1, 0);
        trace(cr, s, m);
        if (m->closed) cairo_close_path(cr);
        cairo_stroke(cr);
        cairo_restore(cr);
        break;
    case MARK_AREA:
        set_colour(cr, m->pen.colour, m->pen.alpha);
        trace(cr, s, m);
        cairo_close_path(cr);
        cairo_fill(cr);
        break;
    case MARK_SHAPE: draw_shape(cr, s, m); break;
    case MARK_TEXT: draw_text(c, s, m); break;
    case MARK_IMAGE: draw_image(c, s, m); break;
    }
}

void canvas_scene(Canvas *c, const Scene *s, double x, double y, double scale)
{
    const double at[3] = { x, y, scale };
    if (!sane(c, at, 3)) return;
    if (!(scale > 0)) { err_set(&c->err, ERR_INTERNAL, "page: figure drawn at scale %g", scale); return; }
    if (scene_check(s, &c->err) != OK) return;
    cairo_save(c->cr);
    cairo_translate(c->cr, x, y);
    cairo_scale(c->cr, scale, scale);
    for (size_t i = 0; i < s->n_marks; i++) draw_mark(c, s, &s->mark[i]);
    cairo_restore(c->cr);
}

static Rc canvas_status(Canvas *c, Err *e)
{
    if (c->err.rc != OK) return err_set(e, c->err.rc, "%s", c->err.text);
    return status_rc(cairo_status(c->cr), e);
}

Rc canvas_page_end(Canvas *c, Err *e)
{
    Rc rc = canvas_status(c, e);
    if (rc != OK) return rc;
    cairo_show_page(c->cr);
    rc = status_rc(cairo_status(c->cr), e);
    return rc != OK ? rc : status_rc(cairo_surface_status(c->surface), e);
}

Rc canvas_end(Str *out, Canvas *c, Err *e)
{
    Rc rc = canvas_status(c, e);
    if (rc != OK) return rc;
    cairo_surface_finish(c->surface);
    rc = status_rc(cairo_surface_status(c->surface), e);
    if (rc != OK) return rc;
    TRY(str_check(&c->bytes, e));
    str_append_n(out, c->bytes.s, c->bytes.len);
    TRY(str_check(out, e));
out:
    return rc;
}

Rc canvas_png(Str *out, const Scene *s, double scale, Err *e)
{
    Rc rc = OK;
    Canvas *c = NULL;
    TRY(scene_check(s, e));
    double width = ceil(s->width_pt * scale), height = ceil(s->height_pt * scale);
    if (!(width >= 1 && height >= 1 && width <= FARTHEST && height <= FARTHEST)) {
        rc = err_set(e, ERR_INTERNAL, "picture of %g x %g pixels", width, height);
        goto out;
    }
    c = calloc(1, sizeof *c);
    if (!c) { rc = err_nomem(e); goto out; }
    c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    TRY(status_rc(cairo_surface_status(c->surface), e));
    TRY(start_text(c, e));
    cairo_set_source_rgb(c->cr, 1, 1, 1);
    cairo_paint(c->cr);
    canvas_scene(c, s, 0, 0, scale);
    TRY(canvas_status(c, e));
    TRY(status_rc(cairo_surface_write_to_png_stream(c->surface, take_bytes, &c->bytes), e));
    TRY(str_check(&c->bytes, e));
    str_append_n(out, c->bytes.s, c->bytes.len);
    TRY(str_check(out, e));
out:
    canvas_free(c);
    return rc;
}
