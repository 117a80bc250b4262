#!/bin/sh
# bench/regression.sh BUILD: regression beside R on the same rows, CPU seconds of one thread. Data: bench/regression.c, PCG32 seed 1.
# Without Rscript or its survival package our seconds stand alone.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
have_r=no
Rscript -e 'library(survival)' >/dev/null 2>&1 && have_r=yes

cat >"$tmp/time.R" <<'R'
suppressMessages(library(survival))
a <- commandArgs(TRUE); d <- read.csv(a[2]); p <- as.integer(a[3]); x <- paste0("x", 1:p)
best <- function(f) { b <- Inf; for (i in 1:3) { s <- proc.time(); v <- f(); e <- proc.time() - s; b <- min(b, e[1] + e[2]) }; cat(b, v, "\n") }
y <- Surv(d$t, d$d); m <- as.matrix(d[x])
switch(a[1],
  cox = best(function() coef(coxph(as.formula(paste("Surv(t,d)~", paste(x, collapse = "+"))), d))[1]),
  bare = best(function() coxph.fit(m, y, NULL, NULL, NULL, coxph.control(), NULL, "efron", NULL)$coefficients[1]),
  logistic = best(function() glm.fit(cbind(1, m), d$y, family = binomial())$coefficients[2]),
  screen = best(function() { for (j in 1:p) f <- coxph(y ~ m[, j]); coef(coxph(y ~ m[, 1])) }))
R

row() { # TASK N P TITLE
    ours=$("$build/bench/regression" "$1" "$2" "$3" "$tmp/d.csv") || exit 1
    if [ $have_r = yes ]; then
        theirs=$(OPENBLAS_NUM_THREADS=1 Rscript "$tmp/time.R" "$1" "$tmp/d.csv" "$3")
        printf '%s %s\n' "$ours" "$theirs" | awk -v t="$4" '{
            off = ($2 - $4) / ($4 == 0 ? 1 : $4); if (off < 0) off = -off
            printf "  %-52s %9.4f s   R %9.4f s   %6.1f times faster%s\n", t, $1, $3, $3 / $1, (off > 1e-6 ? "   ANOTHER ANSWER" : "") }'
    else
        printf '%s\n' "$ours" | awk -v t="$4" '{ printf "  %-52s %9.4f s\n", t, $1 }'
    fi
}
echo "Regression (whole: four tests of proportionality, concordance and notes included, which coxph() has not)"
row bare 1000 20 "Cox, sort and fit, n = 1,000, 20 columns"
row bare 100000 20 "Cox, sort and fit, n = 100,000"
row cox 1000 20 "Cox, whole, n = 1,000"
row cox 100000 20 "Cox, whole, n = 100,000"
[ "${REOX_LONG:-}" ] && row bare 1000000 20 "Cox, sort and fit, n = 1,000,000"
[ "${REOX_LONG:-}" ] && row cox 1000000 20 "Cox, whole, n = 1,000,000"
row logistic 100000 20 "logistic, n = 100,000"
row screen 200 1000 "1,000 variables one by one, n = 200"
exit 0
