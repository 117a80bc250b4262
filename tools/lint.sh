#!/bin/sh
# tools/lint.sh: who includes whom, headers that compile alone, banned calls, tables in step with files, then clang-tidy and cppcheck.
# The last line is "lint: N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
LINT=1 tools/deps.sh || exit 1
passed=0 failed=0
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
rooms="core ingest features stats db reports study sample_cohort cli"
present=$(for r in $rooms; do [ -d "$r" ] && echo "$r"; done | tr '\n' ' ')
library=$(echo "$present" | sed "s/ cli / /; s/ cli$//")
verdict() { # NAME FILE-WITH-COMPLAINTS
    if [ -s "$2" ]; then failed=$((failed + 1)); echo "FAILED $1:"; cat "$2"; else passed=$((passed + 1)); echo "ok     $1"; fi
}
sources() { for r in $rooms; do find "$r" -name "$1"; done 2>/dev/null | sort; }

# ---- who includes whom: CONVENTIONS' table. ROOM: the rooms it may include besides itself.
cat > "$tmp/allowed" <<'T'
core:
ingest: core
features: core
stats: core
db: core features stats
reports: core features stats
study: core ingest features stats db reports
sample_cohort: core ingest features
cli: core ingest features stats db reports study sample_cohort
T
sources '*.[ch]' > "$tmp/files"; sources '*.def' >> "$tmp/files"; sources '*.cc' >> "$tmp/files"
while read -r f; do
    room=${f%%/*}
    allowed=" $room $(sed -n "s/^$room: *//p" "$tmp/allowed") "
    grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$f" | while IFS= read -r line; do
        target=$(printf '%s' "$line" | sed -E 's/.*"([^"]*)".*/\1/')
        case $target in */*) ;; *) echo "$f:${line%%:*}: \"$target\" is not spelled from the root"; continue;; esac
        case "$allowed" in *" ${target%%/*} "*) ;; *) echo "$f:${line%%:*}: $room may not include $target";; esac
    done
done < "$tmp/files" > "$tmp/out"
verdict "who includes whom" "$tmp/out"

# ---- libraries that one file alone may know
only() { # PATTERN FILE...: the include stands nowhere else
    pattern=$1; shift
    grep -rlE "#include <$pattern" $rooms 2>/dev/null | while read -r f; do
        case " $* " in *" $f "*) ;; *) echo "$f includes <$pattern…>, which is for $* alone";; esac
    done
}
{ only 'cjson/' core/json.c; only 'cairo|pango' reports/canvas.c reports/canvas_text.c; only 'lapacke|cblas' stats/linalg.c; only 'sleef' core/rng.c core/det.c; } > "$tmp/out"
grep -rln '#include <sqlite3.h>' core ingest features stats reports study sample_cohort cli 2>/dev/null | sed 's/$/: sqlite3.h outside db\//' >> "$tmp/out"
verdict "libraries behind their file" "$tmp/out"

# ---- every header compiles alone
flags="-std=c11 -D_GNU_SOURCE -I. -isystem /usr/include/nifti $(pkg-config --cflags sqlite3 libcjson pangocairo cairo)"
sources '*.h' > "$tmp/headers"
while read -r h; do
    # shellcheck disable=SC2086
    gcc $flags -Wall -Wextra -Werror -fsyntax-only -x c "$h" >"$tmp/err" 2>&1 || { echo "$h does not compile alone:"; head -n 3 "$tmp/err"; }
    guard=REOX_$(printf '%s' "$h" | tr 'a-z/.' 'A-Z__')
    grep -q "#ifndef $guard\$" "$h" || echo "$h: guard is not $guard"
done < "$tmp/headers" > "$tmp/out"
verdict "headers compile alone" "$tmp/out"

# ---- banned calls, and printing or exiting outside cli/
banned='\b(strcpy|strcat|sprintf|gets|atoi|atol|atof|strtok|alloca|system|popen|tmpnam|setlocale|rand|srand|nifti_image_read)[[:space:]]*\('
grep -rnE "$banned" $present --include='*.[ch]' | grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/\*|\*)' > "$tmp/out"
grep -rnE '\b(printf|puts|putchar|exit|abort|perror)[[:space:]]*\(|\bfprintf[[:space:]]*\((stderr|stdout)' $library --include='*.c' \
    | grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/\*|\*)' >> "$tmp/out"
verdict "banned calls" "$tmp/out"

# ---- every file opens with its path; SQL stays in db/
for f in $(sources '*.[ch]'); do head -n 1 "$f" | grep -q "^/\* $f" || echo "$f: first line does not name the file"; done > "$tmp/out"
grep -rnE '"(SELECT|INSERT|UPDATE|DELETE|CREATE TABLE) ' $(echo "$present" | sed 's/db //') --include='*.c' >> "$tmp/out"
verdict "first lines, SQL in its room" "$tmp/out"

# ---- nothing of a machine or of reference data in the tree
git ls-files | grep -E '\.(nii|nii\.gz|dcm|db|sqlite)$' > "$tmp/out"
git grep -nE '/(work|home|root)/[a-z]' -- ':!tools/lint.sh' ':!Makefile' >> "$tmp/out"
verdict "no paths of a machine, no data" "$tmp/out"

# ---- shell scripts parse
for f in $(git ls-files '*.sh' .ci/run); do sh -n "$f" 2>&1 || true; done > "$tmp/out"
verdict "shell scripts" "$tmp/out"

# ---- clang-tidy: bugs, not taste
checks='-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-bugprone-reserved-identifier,-bugprone-implicit-widening-of-multiplication-result,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-assignment-in-if-condition,-bugprone-sizeof-expression,-bugprone-misplaced-widening-cast,-bugprone-suspicious-string-compare,misc-misleading-*,misc-redundant-expression'
export checks flags
sources '*.c' | xargs -P "$(nproc)" -n 6 sh -c 'clang-tidy --quiet --checks="$checks" "$@" -- $flags' tidy 2>/dev/null | grep -E 'error:|warning:' | sort -u > "$tmp/out"
verdict "clang-tidy" "$tmp/out"

cppcheck --quiet -j "$(nproc)" --enable=warning,portability --inline-suppr --suppress=missingInclude --suppress=syntaxError --suppress=unknownMacro --suppress='*:/usr/include/*' --error-exitcode=0 \
    --suppress=memleak --suppress=uninitvar --suppress=nullPointerRedundantCheck --suppress=nullPointerArithmeticRedundantCheck --suppress=preprocessorErrorDirective -I. --std=c11 $present 2> "$tmp/err"
grep -E ': (error|warning|portability|performance):' "$tmp/err" > "$tmp/out"
verdict "cppcheck" "$tmp/out"

echo "lint: $passed passed, $failed failed"
[ "$failed" = 0 ]
