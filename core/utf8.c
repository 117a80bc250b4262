/* core/utf8.c: which bytes are characters. */
#include "core/utf8.h"

#include <string.h>

size_t utf8_next(uint32_t *code, const char *p, size_t n)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (n == 0) return 0;
    const unsigned char *b = (const unsigned char *)p;
    if (b[0] < 0x80) { if (code) *code = b[0]; return 1; }
    if (b[0] < 0xC2 || b[0] > 0xF4) return 0;
    const size_t length = b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : 2;
    if (n < length) return 0;
    uint32_t c = b[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((b[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (b[i] & 0x3Fu);
    }
    if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    if (code) *code = c;
    return length;
}

size_t utf8_length(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

bool text_is_utf8(const char *text, size_t n)
{
    static const uint64_t high_bits = 0x8080808080808080u;
    for (size_t i = 0, length; i < n; i += length) {
        uint64_t eight = high_bits;
        length = 8;
        if (n - i >= 8) memcpy(&eight, text + i, 8);
        if ((eight & high_bits) != 0 && (length = utf8_next(NULL, text + i, n - i)) == 0) return false;
    }
    return true;
}
