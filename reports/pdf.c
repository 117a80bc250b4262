/* reports/pdf.c: a document as pages of A4: measured first, then drawn. */
#include "reports/pdf.h"

#include <math.h>
#include <stdio.h>

#include "core/version.h"
#include "reports/canvas.h"
#include "reports/style.h"

static const double PAGE_W = 595.276, PAGE_H = 841.89, MARGIN = 54, TOP = 58, FOOT = 62;
static const double CELL_GAP = 9;

static const TextStyle TITLE = { .size_pt = 20, .colour = COLOUR_INK, .bold = true };
static const TextStyle SUBTITLE = { .size_pt = 10, .colour = COLOUR_QUIET };
static const TextStyle HEADING = { .size_pt = 14, .colour = COLOUR_INK, .bold = true };
static const TextStyle SUBHEADING = { .size_pt = 10.5, .colour = COLOUR_INK, .bold = true };
static const TextStyle BODY = { .size_pt = 9.5, .colour = COLOUR_INK };
static const TextStyle NOTE = { .size_pt = 8, .colour = COLOUR_QUIET };
static const TextStyle CELL = { .size_pt = 8.5, .colour = COLOUR_INK };
static const TextStyle CELL_BOLD = { .size_pt = 8.5, .colour = COLOUR_INK, .bold = true };
static const TextStyle RUNNING = { .size_pt = 7.5, .colour = COLOUR_QUIET };

/* The place where the next block goes. The first pass (draw false) only counts pages, so that each page can say "3 of 7". */
typedef struct {
    Canvas *c;
    const Document *d;
    const char *line;          /* the running line, short enough for one */
    double y, width, space;    /* space: factor of the room between blocks */
    int page, pages;
    bool draw, fresh;          /* fresh: nothing on this page yet */
    Rc rc;
    Err *e;
} Flow;

static void begin_page(Flow *f)
{
    f->page++;
    f->y = TOP;
    f->fresh = true;
    if (!f->draw) return;
    char text[64];
    TextStyle end = RUNNING;
    end.anchor = ANCHOR_END;
    if (f->line) canvas_text(f->c, MARGIN, 30, 0, f->line, RUNNING);
    snprintf(text, sizeof text, "%d of %d", f->page, f->pages);
    canvas_text(f->c, MARGIN + f->width, 30, 0, text, end);
    canvas_line(f->c, MARGIN, PAGE_H - FOOT + 16, MARGIN + f->width, PAGE_H - FOOT + 16, COLOUR_GRID, 0.8);
    canvas_text(f->c, MARGIN, PAGE_H - FOOT + 22, f->width - 60, REOX_DISCLAIMER, RUNNING);
    canvas_text(f->c, MARGIN + f->width, PAGE_H - FOOT + 22, 0, "reox " REOX_VERSION, end);
}

static void new_page(Flow *f)
{
    if (f->rc == OK && f->draw) f->rc = canvas_page_end(f->c, f->e);
    begin_page(f);
}

static double room(const Flow *f) { return PAGE_H - FOOT - f->y; }

static void need(Flow *f, double height)
{
    if (room(f) < height && !f->fresh) new_page(f);
}

/* Text over the full width; `keep`: room that must remain under it. */
static void text_block(Flow *f, const char *text, TextStyle style, double before, double after, double keep)
{
    if (!text || !*text) return;
    before *= f->space;
    after *= f->space;
    double h = canvas_text_height(f->c, f->width, text, style);
    need(f, before + h + keep);
    if (room(f) < h && f->rc == OK) f->rc = err_set(f->e, ERR_INTERNAL, "a paragraph is higher than a page");
    if (!f->fresh) f->y += before;
    if (f->draw) canvas_text(f->c, MARGIN, f->y, f->width, text, style);
    f->y += h + after;
    f->fresh = false;
}

static void warning_block(Flow *f, const char *text)
{
    if (!text) return;
    double h = canvas_text_height(f->c, f->width - 12, text, BODY);
    need(f, h + 14);
    if (room(f) < h && f->rc == OK) f->rc = err_set(f->e, ERR_INTERNAL, "a paragraph is higher than a page");
    if (f->draw) {
        canvas_rect(f->c, MARGIN, f->y, 2.2, h + 6, COLOUR_VERMILLION);
        canvas_text(f->c, MARGIN + 11, f->y + 3, f->width - 12, text, BODY);
    }
    f->y += h + 6 + 8 * f->space;
    f->fresh = false;
}

static void facts_block(Flow *f, const Block *b)
{
    const TextStyle value = { .size_pt = 17, .colour = COLOUR_INK, .bold = true }, label = { .size_pt = 8.5, .colour = COLOUR_INK };
    size_t across = b->n_facts < 5 ? b->n_facts : (b->n_facts + 1) / 2 < 5 ? (b->n_facts + 1) / 2 : 5;
    if (!across) return;
    if (b->n_facts == 5) across = 5;
    const size_t slots = across < 3 ? 3 : across;              /* one card alone is no banner */
    double gap = 8, w = (f->width - gap * (double)(slots - 1)) / (double)slots, inner = w - 18;
    for (size_t from = 0; from < b->n_facts; from += across) {
        size_t n = b->n_facts - from < across ? b->n_facts - from : across;
        double tallest = 0;
        for (size_t i = from; i < from + n; i++) {
            const Fact *k = &b->fact[i];
            double h = canvas_text_height(f->c, inner, k->value, value) + canvas_text_height(f->c, inner, k->label, label) + 2;
            if (k->detail) h += canvas_text_height(f->c, inner, k->detail, NOTE) + 1;
            tallest = fmax(tallest, h);
        }
        need(f, tallest + 24);
        if (f->draw) {
            for (size_t i = 0; i < n; i++) {
                const Fact *k = &b->fact[from + i];
                double x = MARGIN + (w + gap) * (double)i, y = f->y + 8;
                canvas_rect(f->c, x, f->y, w, tallest + 16, COLOUR_TINT);
                y += canvas_text(f->c, x + 9, y, inner, k->value, value) + 2;
                y += canvas_text(f->c, x + 9, y, inner, k->label, label) + 1;
                if (k->detail) canvas_text(f->c, x + 9, y, inner, k->detail, NOTE);
            }
        }
        f->y += tallest + 24;
        f->fresh = false;
    }
    f->y += 4;
}

typedef struct { double title, caption, scale, h; } FigureSize;

static FigureSize figure_size(Flow *f, const Block *b)
{
    const Scene *s = &b->figure;
    FigureSize z = { .title = s->title && *s->title ? canvas_text_height(f->c, f->width, s->title, SUBHEADING) + 6 : 0,
                     .caption = b->text && *b->text ? canvas_text_height(f->c, f->width, b->text, NOTE) + 5 : 0 };
    double most = PAGE_H - FOOT - TOP - z.title - z.caption - 20;
    z.scale = fmin(fmin(1, f->width / s->width_pt), most / s->height_pt);
    z.h = s->height_pt * z.scale;
    return z;
}

static void figure_block(Flow *f, const Block *b)
{
    const Scene *s = &b->figure;
    FigureSize z = figure_size(f, b);
    const double title = z.title, caption = z.caption, scale = z.scale, h = z.h;
    need(f, 8 + title + h + caption);
    if (!f->fresh) f->y += 8 * f->space;
    if (f->draw) {
        if (title > 0) canvas_text(f->c, MARGIN, f->y, f->width, s->title, SUBHEADING);
        canvas_scene(f->c, s, MARGIN, f->y + title, scale);
        if (caption > 0) canvas_text(f->c, MARGIN, f->y + title + h + 5, f->width, b->text, NOTE);
    }
    f->y += title + h + caption + 14 * f->space;
    f->fresh = false;
}

/* ---- tables */

enum { COLUMNS_MAX = 24 };

static TextStyle cell_style(const Table *t, size_t row, size_t column)
{
    static const Anchor anchor[] = { ANCHOR_START, ANCHOR_END, ANCHOR_MIDDLE };
    TextStyle s = t->style[row] == ROW_GROUP || t->style[row] == ROW_STRONG ? CELL_BOLD : CELL;
    s.anchor = anchor[t->align[column]];
    return s;
}

static double indent(const Table *t, size_t row, size_t column) { return column == 0 && t->style[row] == ROW_INDENTED ? 11 : 0; }

/* Natural widths where they fit; else wide columns share what narrow ones leave. Spare room goes between the columns. */
static void column_widths(double *width, Flow *f, const Table *t)
{
    double total = 0, gaps = CELL_GAP * (double)(t->columns - 1), avail = f->width - gaps;
    for (size_t k = 0; k < t->columns; k++) {
        width[k] = t->header[k] ? canvas_text_width(f->c, t->header[k], CELL_BOLD) : 0;
        for (size_t i = 0; i < t->rows; i++) {
            const char *text = t->cell[i * t->columns + k];
            /* A group row runs over the whole width when its other cells are empty; it does not widen the first column. */
            if (!text || (k == 0 && t->style[i] == ROW_GROUP)) continue;
            width[k] = fmax(width[k], canvas_text_width(f->c, text, cell_style(t, i, k)) + indent(t, i, k));
        }
        width[k] += 1;
        total += width[k];
    }
    if (total <= avail) {
        /* Half of the spare room stands behind the labels, so that numbers keep together. */
        double spare = avail - total, others = t->columns > 1 ? spare / 2 / (double)(t->columns - 1) : 0;
        width[0] += t->columns > 1 ? spare / 2 : spare;
        for (size_t k = 1; k < t->columns; k++) width[k] += others;
        return;
    }
    bool fixed[COLUMNS_MAX] = { false };
    for (bool again = true; again; ) {
        double left = avail, wide = 0;
        size_t n = 0;
        again = false;
        for (size_t k = 0; k < t->columns; k++) { if (fixed[k]) left -= width[k]; else { n++; wide += width[k]; } }
        for (size_t k = 0; k < t->columns && n; k++)
            if (!fixed[k] && width[k] <= left / (double)n) { fixed[k] = again = true; }
        if (!again) for (size_t k = 0; k < t->columns; k++) if (!fixed[k]) width[k] *= left / wide;
    }
}

static double row_height(Flow *f, const Table *t, size_t row, const double *width)
{
    double tallest = canvas_text_height(f->c, 0, "0", CELL);
    for (size_t k = 0; k < t->columns; k++) {
        const char *text = t->cell[row * t->columns + k];
        bool across = k == 0 && t->style[row] == ROW_GROUP;
        if (text) tallest = fmax(tallest, canvas_text_height(f->c, across ? f->width : width[k] - indent(t, row, k), text, cell_style(t, row, k)));
    }
    return tallest + 5.5 + (t->style[row] == ROW_GROUP ? 3 : 0);
}

static double table_width(const Table *t, const double *width)
{
    double w = CELL_GAP * (double)(t->columns - 1);
    for (size_t k = 0; k < t->columns; k++) w += width[k];
    return w;
}

static double header_height(Flow *f, const Table *t, const double *width)
{
    double tallest = 0;
    for (size_t k = 0; k < t->columns; k++)
        if (t->header[k]) tallest = fmax(tallest, canvas_text_height(f->c, width[k], t->header[k], CELL_BOLD));
    return tallest + 8;
}

static void draw_header(Flow *f, const Table *t, const double *width, double height)
{
    static const Anchor anchor[] = { ANCHOR_START, ANCHOR_END, ANCHOR_MIDDLE };
    if (f->draw) {
        double x = MARGIN, w = table_width(t, width);
        canvas_line(f->c, MARGIN, f->y, MARGIN + w, f->y, COLOUR_INK, 1.1);
        for (size_t k = 0; k < t->columns; x += width[k] + CELL_GAP, k++) {
            if (!t->header[k]) continue;
            TextStyle s = CELL_BOLD;
            s.anchor = anchor[t->align[k]];
            double own = canvas_text_height(f->c, width[k], t->header[k], s);
            canvas_text(f->c, x, f->y + height - 4 - own, width[k], t->header[k], s);
        }
        canvas_line(f->c, MARGIN, f->y + height, MARGIN + w, f->y + height, COLOUR_INK, 0.6);
    }
    f->y += height;
    f->fresh = false;
}

static void draw_row(Flow *f, const Table *t, size_t row, const double *width, double height)
{
    double x = MARGIN, top = t->style[row] == ROW_GROUP ? 6 : 3;
    for (size_t k = 0; k < t->columns; x += width[k] + CELL_GAP, k++) {
        const char *text = t->cell[row * t->columns + k];
        double in = indent(t, row, k);
        bool across = k == 0 && t->style[row] == ROW_GROUP;
        if (text) canvas_text(f->c, x + in, f->y + top, across ? f->width : width[k] - in, text, cell_style(t, row, k));
    }
    canvas_line(f->c, MARGIN, f->y + height, MARGIN + table_width(t, width), f->y + height, COLOUR_GRID, 0.5);
}

static void table_block(Flow *f, const Table *t)
{
    double width[COLUMNS_MAX];
    if (!t->columns) return;
    if (t->columns > COLUMNS_MAX) {
        if (f->rc == OK) f->rc = err_set(f->e, ERR_INTERNAL, "table with %zu columns on one page", t->columns);
        return;
    }
    column_widths(width, f, t);
    double head = header_height(f, t, width), first = t->rows ? row_height(f, t, 0, width) : 0;
    if (t->rows > 1) first += row_height(f, t, 1, width);
    if (t->caption) text_block(f, t->caption, SUBHEADING, 8, 5, head + first);
    else need(f, head + first);
    draw_header(f, t, width, head);
    for (size_t i = 0; i < t->rows && f->rc == OK; i++) {
        double h = row_height(f, t, i, width), with = h;
        /* A group's name does not stand alone at the foot of a page. */
        if (t->style[i] == ROW_GROUP && i + 1 < t->rows) with += row_height(f, t, i + 1, width);
        if (room(f) < with) {
            new_page(f);
            draw_header(f, t, width, head);
        }
        if (room(f) < h) f->rc = err_set(f->e, ERR_INTERNAL, "%s: a row is higher than a page", t->caption ? t->caption : "table");
        if (f->draw) draw_row(f, t, i, width, h);
        f->y += h;
    }
    f->y += 5;
    if (t->note) text_block(f, t->note, NOTE, 0, 4, 0);
    f->y += 10 * f->space;
}

/* What must fit under a heading so that it does not stand alone: the blocks that belong to it up to the first table or figure. */
static double least_height(Flow *f, size_t i)
{
    const double enough = 420;
    double sum = 0;
    for (; i < f->d->n_blocks && sum < enough; i++) {
        const Block *b = &f->d->block[i];
        FigureSize z;
        switch (b->kind) {
        case BLOCK_FIGURE: z = figure_size(f, b); return sum + z.title + z.h + z.caption + 10;
        case BLOCK_TABLE: return sum + 70;
        case BLOCK_FACTS: return sum + 70;
        case BLOCK_PAGE: return sum;
        case BLOCK_HEADING: if (sum > 0) return sum; sum += 40; break;
        case BLOCK_SUBHEADING: if (sum > 60) return sum; sum += 28; break;
        case BLOCK_TEXT: sum += canvas_text_height(f->c, f->width, b->text ? b->text : "", BODY) + 8; break;
        case BLOCK_NOTE: sum += canvas_text_height(f->c, f->width, b->text ? b->text : "", NOTE) + 8; break;
        case BLOCK_WARNING: sum += canvas_text_height(f->c, f->width - 12, b->text ? b->text : "", BODY) + 14; break;
        }
    }
    return sum < enough ? sum : enough;
}

static void flow_document(Flow *f)
{
    begin_page(f);
    text_block(f, f->d->title, TITLE, 0, 3, 0);
    text_block(f, f->d->subtitle, SUBTITLE, 0, 13, 0);
    for (size_t i = 0; i < f->d->n_blocks && f->rc == OK; i++) {
        const Block *b = &f->d->block[i];
        const bool heads = b->kind == BLOCK_HEADING || b->kind == BLOCK_SUBHEADING;
        const double below = heads ? least_height(f, i + 1) : 0;
        switch (b->kind) {
        case BLOCK_HEADING: text_block(f, b->text, HEADING, 16, 7, below); break;
        case BLOCK_SUBHEADING: text_block(f, b->text, SUBHEADING, 8, 4, below); break;
        case BLOCK_TEXT: text_block(f, b->text, BODY, 0, 8, 0); break;
        case BLOCK_NOTE: text_block(f, b->text, NOTE, 0, 8, 0); break;
        case BLOCK_WARNING: warning_block(f, b->text); break;
        case BLOCK_FACTS: facts_block(f, b); break;
        case BLOCK_TABLE: table_block(f, b->table); break;
        case BLOCK_FIGURE: figure_block(f, b); break;
        case BLOCK_PAGE: if (!f->fresh) new_page(f); break;
        }
    }
    if (f->rc == OK && f->draw) f->rc = canvas_page_end(f->c, f->e);
}

Rc pdf_render(Str *out, int *pages, const Document *d, Err *e)
{
    Rc rc = OK;
    Canvas *c = NULL;
    Arena a = { 0 };
    if (d->rc != OK) return err_nomem(e);
    const char *line = d->line ? text_fit(&a, d->line, RUNNING.size_pt, false, PAGE_W - 2 * MARGIN - 60) : NULL;
    TRY(canvas_begin(&c, PAGE_W, PAGE_H, d->title ? d->title : "", REOX_DISCLAIMER, e));
    Flow measure = { .c = c, .d = d, .line = line, .width = PAGE_W - 2 * MARGIN, .space = d->compact ? 0.6 : 1, .e = e };
    flow_document(&measure);
    TRY(measure.rc);
    Flow flow = { .c = c, .d = d, .line = line, .width = PAGE_W - 2 * MARGIN, .space = d->compact ? 0.6 : 1, .draw = true, .pages = measure.page, .e = e };
    flow_document(&flow);
    TRY(flow.rc);
    TRY(canvas_end(out, c, e));
    if (pages) *pages = flow.page;
out:
    canvas_free(c);
    arena_free(&a);
    return rc;
}
