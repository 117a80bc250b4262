/* core/pages.h: memory in pages, kept when it is given back: the next owner need not wait until the system has cleared new ones. */
#ifndef REOX_CORE_PAGES_H
#define REOX_CORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

enum { PAGES_UNIT = 64 << 10 };

/* `bytes`, a whole number of PAGES_UNIT, aligned to one. *clean: all zero; else what its last owner left. NULL when memory is out or the
 * system has no large pages. Any thread may ask. What is kept never adds to what the program held at its most. */
void *pages_take(size_t bytes, bool *clean);
void pages_give_back(void *pages, size_t bytes);

#endif
