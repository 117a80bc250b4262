/* reports/style.h: the few colours and sizes that all figures and pages share. */
#ifndef REOX_REPORTS_STYLE_H
#define REOX_REPORTS_STYLE_H

#include "reports/scene.h"

/* Data colours are those of Okabe and Ito (2008), which people with a colour vision deficiency can tell apart; in greyscale
 * print, dash and shape tell the same. */
#define COLOUR_BLUE       ((Colour)0x0072B2)
#define COLOUR_VERMILLION ((Colour)0xD55E00)
#define COLOUR_GREEN      ((Colour)0x009E73)
#define COLOUR_PURPLE     ((Colour)0xCC79A7)
#define COLOUR_ORANGE     ((Colour)0xE69F00)
#define COLOUR_SKY        ((Colour)0x56B4E9)

#define COLOUR_INK        ((Colour)0x1C2530)       /* text */
#define COLOUR_QUIET      ((Colour)0x5B6773)       /* second voice: units, notes; 5.7:1 on white */
#define COLOUR_AXIS       ((Colour)0x8A95A0)
#define COLOUR_GRID       ((Colour)0xE6EAEE)
#define COLOUR_TINT       ((Colour)0xF4F6F8)       /* ground of cards and group rows */
#define COLOUR_WHITE      ((Colour)0xFFFFFF)

/* Points. */
#define SIZE_LABEL   8.5
#define SIZE_TICK    8.0
#define SIZE_SMALL   7.0
#define FIGURE_WIDTH 487.0                         /* what A4 leaves between the margins */

#define TEXT_TICK(a)  ((TextStyle){ .size_pt = SIZE_TICK, .colour = COLOUR_QUIET, .anchor = (a) })
#define TEXT_LABEL(a) ((TextStyle){ .size_pt = SIZE_LABEL, .colour = COLOUR_INK, .anchor = (a) })
#define TEXT_SMALL(a) ((TextStyle){ .size_pt = SIZE_SMALL, .colour = COLOUR_QUIET, .anchor = (a) })
#define PEN(c, w)     ((Pen){ .colour = (c), .width_pt = (w), .alpha = 1 })

#endif
