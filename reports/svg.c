/* reports/svg.c: a scene as SVG with real text. */
#include "reports/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"

/* A hundredth of a point is finer than any screen; -0 and trailing zeros would only make bytes. */
static void number(Str *out, double x)
{
    long hundredths = lround(x * 100);
    if (hundredths < 0) { str_append_char(out, '-'); hundredths = -hundredths; }
    str_appendf(out, "%ld", hundredths / 100);
    long rest = hundredths % 100;
    if (rest % 10) str_appendf(out, ".%02ld", rest);
    else if (rest) str_appendf(out, ".%ld", rest / 10);
}

static void attribute(Str *out, const char *name, double x)
{
    str_appendf(out, " %s=\"", name);
    number(out, x);
    str_append_char(out, '"');
}

static void colour(Str *out, const char *name, Colour c, double alpha)
{
    str_appendf(out, " %s=\"#%06x\"", name, (unsigned)(c & 0xFFFFFF));
    if (alpha < 1) { str_appendf(out, " %s-opacity=\"", name); number(out, alpha); str_append_char(out, '"'); }
}

static void path(Str *out, const Scene *s, const Mark *m, bool closed)
{
    str_append(out, "<path d=\"");
    for (size_t i = 0; i < m->n; i++) {
        double x, y;
        scene_place(&x, &y, s, m, i);
        str_append_char(out, i ? 'L' : 'M');
        number(out, x);
        str_append_char(out, ' ');
        number(out, y);
    }
    str_append(out, closed ? "Z\"" : "\"");
}

static void draw_shape(Str *out, const Scene *s, const Mark *m)
{
    double x, y, r = m->size_pt / 2;
    scene_place(&x, &y, s, m, 0);
    if (m->shape == SHAPE_CIRCLE) {
        str_append(out, "<circle");
        attribute(out, "cx", x);
        attribute(out, "cy", y);
        attribute(out, "r", r);
        colour(out, "fill", m->pen.colour, m->pen.alpha);
        str_append(out, "/>\n");
        return;
    }
    if (m->shape == SHAPE_TICK) {
        str_append(out, "<line");
        attribute(out, "x1", x);
        attribute(out, "y1", y - r);
        attribute(out, "x2", x);
        attribute(out, "y2", y + r);
        colour(out, "stroke", m->pen.colour, m->pen.alpha);
        attribute(out, "stroke-width", m->pen.width_pt);
        str_append(out, "/>\n");
        return;
    }
    static const double corner[][4][2] = {
        [SHAPE_SQUARE] = { { -1, -1 }, { 1, -1 }, { 1, 1 }, { -1, 1 } },
        [SHAPE_DIAMOND] = { { -1, 0 }, { 0, -1 }, { 1, 0 }, { 0, 1 } },
        [SHAPE_LEFT] = { { -1, 0 }, { 1, -1 }, { 1, 1 }, { -1, 0 } },
        [SHAPE_RIGHT] = { { 1, 0 }, { -1, 1 }, { -1, -1 }, { 1, 0 } },
    };
    str_append(out, "<path d=\"");
    for (int i = 0; i < 4; i++) {
        str_append_char(out, i ? 'L' : 'M');
        number(out, x + r * corner[m->shape][i][0]);
        str_append_char(out, ' ');
        number(out, y + r * corner[m->shape][i][1]);
    }
    str_append(out, "Z\"");
    colour(out, "fill", m->pen.colour, m->pen.alpha);
    str_append(out, "/>\n");
}

static void draw_text(Str *out, const Scene *s, const Mark *m)
{
    static const char *const anchor[] = { NULL, "middle", "end" };
    double x, y;
    scene_place(&x, &y, s, m, 0);
    str_append(out, "<text");
    attribute(out, "x", x);
    attribute(out, "y", y);
    attribute(out, "font-size", m->style.size_pt);
    colour(out, "fill", m->style.colour, 1);
    if (m->style.bold) str_append(out, " font-weight=\"700\"");
    if (m->style.italic) str_append(out, " font-style=\"italic\"");
    if (m->style.anchor != ANCHOR_START) str_appendf(out, " text-anchor=\"%s\"", anchor[m->style.anchor]);
    if (m->style.halo) str_append(out, " stroke=\"#000\" stroke-width=\"2\" stroke-opacity=\".55\" paint-order=\"stroke\"");
    if (m->style.upwards) {
        str_append(out, " transform=\"rotate(-90 ");
        number(out, x);
        str_append_char(out, ' ');
        number(out, y);
        str_append(out, ")\"");
    }
    str_append_char(out, '>');
    html_escape(out, m->text);
    str_append(out, "</text>\n");
}

/* ---- images: PNG with stored (not compressed) blocks, which needs no library and has the same bytes everywhere. */

static void push_be32(Str *b, uint32_t v)
{
    const char p[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };
    str_append_n(b, p, 4);
}

static uint32_t crc32_of(const unsigned char *p, size_t n)
{
    uint32_t c = 0xFFFFFFFFu;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
    }
    return ~c;
}

static void png_chunk(Str *out, const char type[5], const Str *data)
{
    Str body = { 0 };
    str_append_n(&body, type, 4);
    if (data->len) str_append_n(&body, data->s, data->len);
    push_be32(out, (uint32_t)data->len);
    str_append_n(out, body.s, body.len);
    push_be32(out, crc32_of((const unsigned char *)body.s, body.len));
    if (body.failed || data->failed) out->failed = true;
    str_free(&body);
}

static void png_encode(Str *out, const uint8_t *rgb, int columns, int rows)
{
    Str head = { 0 }, raw = { 0 }, z = { 0 }, none = { 0 };
    push_be32(&head, (uint32_t)columns);
    push_be32(&head, (uint32_t)rows);
    str_append_n(&head, "\x08\x02\0\0\0", 5);        /* 8 bits, RGB, no interlacing */
    for (int r = 0; r < rows; r++) {
        str_append_n(&raw, "\0", 1);                 /* no filter */
        str_append_n(&raw, (const char *)rgb + (size_t)r * (size_t)columns * 3, (size_t)columns * 3);
    }
    str_append_n(&z, "\x78\x01", 2);
    uint32_t a = 1, b = 0;                           /* Adler-32 */
    for (size_t i = 0; !raw.failed && i < raw.len; i++) {
        a = (a + (unsigned char)raw.s[i]) % 65521;
        b = (b + a) % 65521;
    }
    for (size_t at = 0; !raw.failed && at < raw.len; ) {
        size_t n = raw.len - at < 65535 ? raw.len - at : 65535;
        const char block[5] = { at + n == raw.len, (char)(n & 255), (char)(n >> 8), (char)(~n & 255), (char)(~n >> 8 & 255) };
        str_append_n(&z, block, 5);
        str_append_n(&z, raw.s + at, n);
        at += n;
    }
    push_be32(&z, b << 16 | a);
    str_append_n(out, "\x89PNG\r\n\x1a\n", 8);
    png_chunk(out, "IHDR", &head);
    png_chunk(out, "IDAT", &z);
    png_chunk(out, "IEND", &none);
    if (head.failed || raw.failed) out->failed = true;
    str_free(&head);
    str_free(&raw);
    str_free(&z);
}

static void base64(Str *out, const Str *bytes)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)bytes->s;
    for (size_t i = 0; i < bytes->len; i += 3) {
        size_t n = bytes->len - i < 3 ? bytes->len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
        const char four[4] = { digit[v >> 18], digit[v >> 12 & 63], n > 1 ? digit[v >> 6 & 63] : '=', n > 2 ? digit[v & 63] : '=' };
        str_append_n(out, four, 4);
    }
    if (bytes->failed) out->failed = true;
}

static void draw_image(Str *out, const Scene *s, const Mark *m)
{
    double x0, y0, x1, y1;
    Str png = { 0 };
    scene_place(&x0, &y0, s, m, 0);
    scene_place(&x1, &y1, s, m, 1);
    str_append(out, "<image");
    attribute(out, "x", fmin(x0, x1));
    attribute(out, "y", fmin(y0, y1));
    attribute(out, "width", fabs(x1 - x0));
    attribute(out, "height", fabs(y1 - y0));
    str_append(out, " preserveAspectRatio=\"none\" href=\"data:image/png;base64,");
    png_encode(&png, m->rgb, m->columns, m->rows);
    base64(out, &png);
    str_append(out, "\"/>\n");
    str_free(&png);
}

static void draw_mark(Str *out, const Scene *s, const Mark *m)
{
    switch (m->kind) {
    case MARK_LINE:
        path(out, s, m, m->closed);
        str_append(out, " fill=\"none\"");
        colour(out, "stroke", m->pen.colour, m->pen.alpha);
        attribute(out, "stroke-width", m->pen.width_pt);
        if (m->pen.dash_pt > 0) attribute(out, "stroke-dasharray", m->pen.dash_pt);
        str_append(out, " stroke-linejoin=\"round\"/>\n");
        break;
    case MARK_AREA:
        path(out, s, m, true);
        colour(out, "fill", m->pen.colour, m->pen.alpha);
        str_append(out, "/>\n");
        break;
    case MARK_SHAPE: draw_shape(out, s, m); break;
    case MARK_TEXT: draw_text(out, s, m); break;
    case MARK_IMAGE: draw_image(out, s, m); break;
    }
}

Rc svg_draw(Str *out, const Scene *s, const char *id, Err *e)
{
    Rc rc = scene_check(s, e);
    if (rc != OK) return rc;
    str_append(out, "<svg viewBox=\"0 0 ");
    number(out, s->width_pt);
    str_append_char(out, ' ');
    number(out, s->height_pt);
    str_append(out, "\" role=\"img\" aria-labelledby=\"");
    html_escape(out, id);
    str_append(out, "-t ");
    html_escape(out, id);
    str_append(out, "-d\" font-family=\"'Liberation Sans', Arial, Helvetica, sans-serif\">\n<title id=\"");
    html_escape(out, id);
    str_append(out, "-t\">");
    html_escape(out, s->title ? s->title : "");
    str_append(out, "</title>\n<desc id=\"");
    html_escape(out, id);
    str_append(out, "-d\">");
    html_escape(out, s->description ? s->description : "");
    str_append(out, "</desc>\n");
    for (size_t i = 0; i < s->n_marks; i++) draw_mark(out, s, &s->mark[i]);
    str_append(out, "</svg>\n");
    return str_check(out, e);
}
