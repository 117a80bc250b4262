/* reports/escape.c: the one place where text of users becomes text of pages. */
#include "reports/escape.h"

#include <stdint.h>
#include <string.h>

/* Length of the UTF-8 character at p and its code point; 0 when the bytes are no character. */
static int utf8_next(uint32_t *code, const unsigned char *p)
{
    if (p[0] < 0x80) { *code = p[0]; return 1; }
    const int n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4) return 0;
    uint32_t c = p[0] & (0x7F >> n);
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (p[i] & 0x3F);
    }
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *code = c;
    return n;
}

/* Unicode's default ignorables, bidirectional controls, line separators, annotations and tags: a label must not hide or
 * reorder another label. */
static int is_deceptive(uint32_t c)
{
    return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF0 && c <= 0xFFFF) ||
           (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xE0000 && c <= 0xE0FFF) || c >= 0xF0000;
}

void text_visible(Str *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; ) {
        uint32_t c = 0;
        int n = utf8_next(&c, p);
        if (n == 0) { str_appendf(out, "\\x%02X", *p); n = 1; }
        else if (c == '\n' || c == '\t' || c == '\r') str_append_char(out, ' ');
        else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) str_appendf(out, "\\x%02X", (unsigned)c);
        else if (is_deceptive(c)) str_appendf(out, "[U+%04X]", (unsigned)c);
        else str_append_n(out, (const char *)p, (size_t)n);
        p += n;
    }
}

void html_escape(Str *out, const char *text)
{
    Str plain = { 0 };
    text_visible(&plain, text);
    if (plain.failed) out->failed = true;
    for (const char *p = str_text(&plain); *p; ) {
        size_t n = strcspn(p, "&<>\"'");
        str_append_n(out, p, n);
        p += n;
        switch (*p) {
        case '&': str_append(out, "&amp;"); break;
        case '<': str_append(out, "&lt;"); break;
        case '>': str_append(out, "&gt;"); break;
        case '"': str_append(out, "&quot;"); break;
        case '\'': str_append(out, "&#39;"); break;
        default: continue;
        }
        p++;
    }
    str_free(&plain);
}
