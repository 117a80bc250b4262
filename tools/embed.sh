#!/bin/sh
# tools/embed.sh TABLE FILE...: prints a C file that holds the files as the table `embedded_TABLE` of core/embed.h.
set -eu
table=$1; shift
echo '#include "core/embed.h"'
n=0
for f in "$@"; do
    printf 'static const char file_%d[] = {' "$n"
    LC_ALL=C od -An -v -td1 "$f" | tr -s ' ' ',' | sed 's/^,//; s/$/,/'
    echo '0};'
    n=$((n + 1))
done
echo "const EmbeddedFile embedded_$table[] = {"
n=0
for f in "$@"; do
    printf '    { "%s", file_%d, sizeof file_%d - 1 },\n' "$(basename "$f")" "$n" "$n"
    n=$((n + 1))
done
echo '    { 0, 0, 0 }'
echo '};'
