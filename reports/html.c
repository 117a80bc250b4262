/* reports/html.c: a document as one self-contained HTML page. */
#include "reports/html.h"

#include <stdio.h>

#include "core/version.h"
#include "reports/escape.h"
#include "reports/svg.h"

static const char STYLE[] =
    ":root{--ink:#1c2530;--quiet:#5b6773;--line:#d5dbe1;--tint:#f4f6f8;--blue:#0072b2;--warn:#d55e00}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:#fff;color:var(--ink);font:15px/1.5 'Liberation Sans',Arial,Helvetica,sans-serif}\n"
    "main,body>header,body>footer{max-width:860px;margin:0 auto;padding:0 28px}\n"
    "body>header{padding-top:40px}\n"
    "h1{font-size:30px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}\n"
    ".sub{color:var(--quiet);margin:0 0 18px}\n"
    "nav{border-top:1px solid var(--line);border-bottom:1px solid var(--line);padding:9px 0;margin:0 0 26px;font-size:14px}\n"
    "nav a{color:var(--blue);text-decoration:none;margin-right:18px;white-space:nowrap}\n"
    "nav a:hover{text-decoration:underline}\n"
    "h2{font-size:21px;margin:46px 0 10px;letter-spacing:-.005em}\n"
    "h3{font-size:16px;margin:30px 0 6px}\n"
    "p{margin:0 0 12px;max-width:74ch;overflow-wrap:anywhere}\n"
    ".note{color:var(--quiet);font-size:13px}\n"
    ".warn{border-left:3px solid var(--warn);padding:6px 0 6px 12px;font-size:14px}\n"
    ".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px;margin:0 0 22px;padding:0}\n"
    ".facts div{background:var(--tint);border-radius:6px;padding:12px 14px;overflow-wrap:anywhere}\n"
    ".facts dd{margin:0}\n"
    ".facts dt{font-size:13px;margin-top:2px}\n"
    ".facts .v{font-size:25px;line-height:1.15;font-weight:700}\n"
    ".facts .d{color:var(--quiet);font-size:12px}\n"
    ".facts div{display:flex;flex-direction:column}.facts .v{order:-1}\n"
    "figure{margin:20px 0 30px}\n"
    "figure svg{display:block;width:100%;max-width:760px;height:auto}\n"
    "figure h3{margin:0 0 8px}\n"
    "figcaption{color:var(--quiet);font-size:13px;margin-top:8px;max-width:84ch;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto;margin:14px 0 26px}\n"
    "table{border-collapse:collapse;width:100%;font-size:13.5px;line-height:1.35}\n"
    "caption{text-align:left;font-weight:700;font-size:15px;padding:0 0 6px}\n"
    "th{font-weight:700;text-align:left;border-top:1.5px solid var(--ink);border-bottom:1px solid var(--ink);padding:6px 10px 6px 0;vertical-align:bottom}\n"
    "td{border-bottom:1px solid #e6eaee;padding:5px 10px 5px 0;vertical-align:top;overflow-wrap:anywhere}\n"
    "th:last-child,td:last-child{padding-right:0}\n"
    ".r{text-align:right;font-variant-numeric:tabular-nums}.c{text-align:center}\n"
    "tr.g td{font-weight:700;padding-top:9px}tr.s td{font-weight:700}tr.i td:first-child{padding-left:18px}\n"
    "body>footer{border-top:1px solid var(--line);margin-top:50px;padding-top:14px;padding-bottom:40px;color:var(--quiet);font-size:13px}\n"
    "@media print{body{font-size:10pt}nav{display:none}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}}\n";

static void element(Str *out, const char *open, const char *text, const char *close)
{
    str_append(out, open);
    html_escape(out, text ? text : "");
    str_append(out, close);
}

static void facts(Str *out, const Block *b)
{
    str_append(out, "<dl class=\"facts\">\n");
    for (size_t i = 0; i < b->n_facts; i++) {
        const Fact *f = &b->fact[i];
        element(out, "<div><dt>", f->label, "</dt>");
        element(out, "<dd class=\"v\">", f->value, "</dd>");
        if (f->detail) element(out, "<dd class=\"d\">", f->detail, "</dd>");
        str_append(out, "</div>\n");
    }
    str_append(out, "</dl>\n");
}

static void table(Str *out, const Table *t)
{
    static const char *const align[] = { "", " class=\"r\"", " class=\"c\"" };
    static const char *const row[] = { "<tr>", "<tr class=\"g\">", "<tr class=\"i\">", "<tr class=\"s\">" };
    str_append(out, "<div class=\"scroll\"><table>\n");
    if (t->caption) element(out, "<caption>", t->caption, "</caption>\n");
    str_append(out, "<thead><tr>");
    for (size_t k = 0; k < t->columns; k++) {
        str_appendf(out, "<th scope=\"col\"%s>", align[t->align[k]]);
        html_escape(out, t->header[k] ? t->header[k] : "");
        str_append(out, "</th>");
    }
    str_append(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < t->rows; i++) {
        str_append(out, row[t->style[i]]);
        for (size_t k = 0; k < t->columns; k++) {
            const char *text = t->cell[i * t->columns + k];
            str_appendf(out, "<td%s>", align[t->align[k]]);
            html_escape(out, text ? text : "");
            str_append(out, "</td>");
        }
        str_append(out, "</tr>\n");
    }
    str_append(out, "</tbody></table>");
    if (t->note) element(out, "<p class=\"note\">", t->note, "</p>");
    str_append(out, "</div>\n");
}

static Rc block(Str *out, const Block *b, size_t number, Err *e)
{
    char id[32];
    Rc rc = OK;
    switch (b->kind) {
    case BLOCK_HEADING:
        str_appendf(out, "<h2 id=\"s%zu\">", number);
        element(out, "", b->text, "</h2>\n");
        break;
    case BLOCK_SUBHEADING: element(out, "<h3>", b->text, "</h3>\n"); break;
    case BLOCK_TEXT: element(out, "<p>", b->text, "</p>\n"); break;
    case BLOCK_NOTE: element(out, "<p class=\"note\">", b->text, "</p>\n"); break;
    case BLOCK_WARNING: element(out, "<p class=\"warn\">", b->text, "</p>\n"); break;
    case BLOCK_FACTS: facts(out, b); break;
    case BLOCK_TABLE: table(out, b->table); break;
    case BLOCK_FIGURE:
        snprintf(id, sizeof id, "f%zu", number);
        element(out, "<figure>\n<h3>", b->figure.title, "</h3>\n");
        rc = svg_draw(out, &b->figure, id, e);
        element(out, "<figcaption>", b->text, "</figcaption>\n</figure>\n");
        break;
    case BLOCK_PAGE: break;
    }
    return rc;
}

Rc html_render(Str *out, const Document *d, Err *e)
{
    Rc rc = OK;
    if (d->rc != OK) return err_nomem(e);
    str_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                    "base-uri 'none'; form-action 'none'\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    element(out, "<title>", d->title, "</title>\n");
    str_appendf(out, "<style>\n%s</style>\n</head>\n<body>\n", STYLE);
    element(out, "<header>\n<h1>", d->title, "</h1>\n");
    if (d->subtitle) element(out, "<p class=\"sub\">", d->subtitle, "</p>\n");
    size_t headings = 0;
    for (size_t i = 0; i < d->n_blocks; i++) headings += d->block[i].kind == BLOCK_HEADING;
    if (headings > 1) {
        str_append(out, "<nav>");
        for (size_t i = 0; i < d->n_blocks; i++) {
            if (d->block[i].kind != BLOCK_HEADING) continue;
            str_appendf(out, "<a href=\"#s%zu\">", i);
            element(out, "", d->block[i].text, "</a>");
        }
        str_append(out, "</nav>\n");
    }
    str_append(out, "</header>\n<main>\n");
    for (size_t i = 0; i < d->n_blocks; i++) TRY(block(out, &d->block[i], i, e));
    element(out, "</main>\n<footer><p>", REOX_DISCLAIMER, "</p><p>reox " REOX_VERSION "</p></footer>\n</body>\n</html>\n");
    TRY(str_check(out, e));
out:
    return rc;
}
