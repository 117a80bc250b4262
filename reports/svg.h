/* reports/svg.h: a scene as SVG with real text, to stand inside an HTML page. */
#ifndef REOX_REPORTS_SVG_H
#define REOX_REPORTS_SVG_H

#include "core/str.h"
#include "reports/scene.h"

/* Appends one <svg> element that scales with its container. id makes the names of title and description unique on the
 * page. Fails as scene_check does; then nothing is appended. */
Rc svg_draw(Str *out, const Scene *s, const char *id, Err *e);

#endif
