# shellcheck shell=sh
# bench/rows.sh, read by statistics.sh and curves.sh: their tasks beside R in the same run, a row a task. One thread, CPU time.
#
#   rows_begin NAME TASKS BUILD [TASK ...]
#                                  runs BUILD/bench/NAME and, where Rscript is there, bench/NAME.R: all tasks, in R those of TASKS; or the
#                                  TASKs named
#   row TASK GOAL WORDS [TASK-OF-R [TOLERANCE]]
#                                  at least GOAL times as fast as R, the checks within TOLERANCE (1e-6) of each other; seconds alone where R
#                                  has no such line or GOAL is -; passes over the data beside them where the program knows its floor
#   rows_end                       "KEPT BROKEN"
kept=0 broken=0
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT

rows_begin() {
    name=$1 of_R=$2 build=$3; shift 3
    "$build/bench/$name" "$tmp" "$@" >"$tmp/reox" || exit 1
    : >"$tmp/R"
    # shellcheck disable=SC2086
    [ $# -gt 0 ] || set -- $of_R
    # CPU time counts what idle threads of its BLAS spin away: up to as much as R itself takes. One thread, as on our side.
    if command -v Rscript >/dev/null; then OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 Rscript "bench/$name.R" "$tmp" "$@" >"$tmp/R" 2>"$tmp/R.err" || cat "$tmp/R.err" >&2; fi
}

row() {
    awk -v task="$1" -v goal="$2" -v words="$3" -v peer="${4:-$1}" -v tolerance="${5:-1e-6}" '
        FILENAME == ARGV[1] && $1 == task { seen = 1; s = $2; check = $3; floor = $4 }
        FILENAME == ARGV[2] && $1 == peer { beside = goal != "-"; r = $2; r_check = $3 }
        END {
            if (!seen) exit 2
            printf "  %-56s %9.4f s", words, s
            if (!beside) {
                if (floor) printf ", %.0f passes over the data", s / floor
                print ""
                exit 2
            }
            d = (check - r_check) / r_check
            if (d < 0) d = -d
            if (!(d < tolerance)) word = "   ANOTHER ANSWER: " check ", R " r_check
            else if (r < goal * s) word = "   TOO SLOW"
            printf ", R %8.3f s: %6.1f times, at least %s%s\n", r, r / s, goal, word
            exit word != ""
        }' "$tmp/reox" "$tmp/R"
    case $? in
        0) kept=$((kept + 1)) ;;
        1) broken=$((broken + 1)) ;;
    esac
}

rows_end() { echo "$kept $broken"; }
