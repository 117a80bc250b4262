#!/bin/sh
# tests/cli/report.sh: reox report on a simulated study: every file, the same bytes, what is stale, hostile texts, states of scans.
. "$(dirname "$0")/../lib.sh"
has() { grep -q -- "$1" "$2"; }
lacks() { ! grep -q -- "$1" "$2"; }
digest() { (cd "$1" && sha256sum ./* | sha256sum); }

cat >"$tmp/spec.json" <<'S'
{ "n": 8, "seed": 5, "tracer": "FMISO", "centers": ["B"] }
S
study=$tmp/study
ok "simulate" "$REOX" simulate "$tmp/spec.json" --out "$study" -q
# Texts that would act on a page; a scan that could not be assessed.
python3 - "$study" <<'P'
import csv, json, sys
d = sys.argv[1]
j = json.load(open(d + "/study.json"))
evil = '<script>alert(1)</script>"\u202e'
j["name"] = evil
j["columns"] = {"age": {"label": evil, "unit": "<b>years</b>"}, "histology": {"label": "Histology"}}
j["models"] = [m for m in j["models"] if m["method"] == "cox" and m["name"] in ("os_pre", "os_mid")]
json.dump(j, open(d + "/study.json", "w"))
rows = list(csv.DictReader(open(d + "/clinical.csv")))
for k, r in enumerate(rows):
    if k % 2: r["histology"] = "<img src=x onerror=alert(2)>"
w = csv.DictWriter(open(d + "/clinical.csv", "w", newline=""), rows[0].keys(), lineterminator="\n"); w.writeheader(); w.writerows(rows)
rows = list(csv.DictReader(open(d + "/scans.csv")))
for r in rows:
    if r["patient"] == "P001" and r["timepoint"] == "pre":
        r["status"] = "not_assessable"
w = csv.DictWriter(open(d + "/scans.csv", "w", newline=""), rows[0].keys(), lineterminator="\n"); w.writeheader(); w.writerows(rows)
P
"$REOX" run "$study" -q >"$tmp/out" 2>"$tmp/err"; code=$?
# Eight patients may be too few for a model (4); nothing worse.
ok "run ends with 0 or 4" [ "$code" = 0 -o "$code" = 4 ]
r=$study/reports
for f in cohort.html cohort.pdf patient_001.pdf patient_008.pdf; do ok "$f is there" [ -s "$r/$f" ]; done
ok "a page a patient" [ "$(ls "$r" | wc -l)" = 10 ]
ok "no id in a file's name" [ "$(ls "$r" | grep -c P0)" = 0 ]
ok "files are private" [ "$(stat -c %a "$r/cohort.html")" = 600 ]

ok "no script in the page" lacks '<script' "$r/cohort.html"
ok "no image tag of a user" lacks '<img' "$r/cohort.html"
ok "the text is shown" has '&lt;img src=x onerror=alert(2)&gt;' "$r/cohort.html"
ok "no turned text" [ "$(grep -c "$(printf '\342\200\256')" "$r/cohort.html")" = 0 ]
ok "content policy" has "default-src 'none'" "$r/cohort.html"
ok "disclaimer" has 'For research use only' "$r/cohort.html"
ok "nothing is fetched" lacks 'https\?://' "$r/cohort.html"

if command -v pdftotext >/dev/null 2>&1; then
    pdftotext -layout "$r/patient_001.pdf" "$tmp/p.txt"
    ok "disclaimer on the patient's page" has 'For research use only' "$tmp/p.txt"
    ok "not assessable is shown as such" has 'pre  *not assessable' "$tmp/p.txt"
    pdftotext -layout "$r/cohort.pdf" "$tmp/c.txt"
    pages=$(pdfinfo "$r/cohort.pdf" | sed -n 's/Pages: *//p')
    ok "disclaimer on every page" [ "$(grep -c 'For research use only' "$tmp/c.txt")" = "$pages" ]
else
    skip "text of the PDF" "pdftotext is not installed"
fi

# Numbers of the pages are those of the database: FHV of every done scan, the predicted risk.
"$REOX" export "$study" --out "$tmp/csv" -q >/dev/null 2>&1
if command -v pdftotext >/dev/null 2>&1; then
    for f in "$r"/patient_*.pdf; do pdftotext -layout "$f" -; done >"$tmp/all.txt"
    python3 - "$tmp/csv" "$tmp/all.txt" >"$tmp/numbers.txt" <<'P'
import csv, sys
rows = [r for r in csv.DictReader(open(sys.argv[1] + "/v_feature.csv")) if r["feature"] == "fhv" and r["status"] == "ok" and r["roi"] == "gtv"]
cells = [line.split() for line in open(sys.argv[2], encoding="utf-8") if line.split()[:1] and line.split()[0] in ("pre", "mid", "end") and "done" in line.split()]
shown = sorted(c[-3] for c in cells if c[1] == "done")
want = sorted("%.1f" % (100 * float(r["value"])) for r in rows)
print("same" if shown == want and len(want) >= 8 else "differ %s %s" % (shown, want))
P
    ok "every FHV of the database, and no other, stands on the pages" has '^same' "$tmp/numbers.txt"
else
    skip "numbers on the pages" "pdftotext is not installed"
fi

first=$(digest "$r")
"$REOX" report "$study" --json >"$tmp/again.json" 2>/dev/null
ok "a second time nothing is written" has '"written": 0' "$tmp/again.json"
ok "the same bytes elsewhere, by one thread" sh -c '"$1" report "$2" --out "$3" --threads 1 -q' sh "$REOX" "$study" "$tmp/elsewhere"
ok "the same bytes" [ "$first" = "$(digest "$tmp/elsewhere")" ]
rm "$r/patient_002.pdf"; echo spoilt >>"$r/cohort.html"
"$REOX" report "$study" --json >"$tmp/again.json" 2>/dev/null
ok "what was removed or spoilt is written again" [ "$first" = "$(digest "$r")" ]
ok "one patient" "$REOX" report "$study" --patient P003 --out "$tmp/one" -q
ok "one file" [ "$(ls "$tmp/one")" = patient_003.pdf ]
refused "no such patient" 3 'P999: the study has no accepted patient' "$REOX" report "$study" --patient P999

# A patient who leaves the study takes his page along.
cp -r "$study" "$tmp/less"
sed -i '/^P008,/d' "$tmp/less/clinical.csv" "$tmp/less/scans.csv"
"$REOX" run "$tmp/less" -q >/dev/null 2>&1
ok "the page of a patient who is gone is gone" [ ! -e "$tmp/less/reports/patient_008.pdf" -a -e "$tmp/less/reports/patient_007.pdf" ]

# The image that was ingested is the one that is shown: another in its place is not.
scan=$(ls "$study"/scans/P003_pre.nii.gz)
cp "$study/scans/P004_pre.nii.gz" "$scan"
ok "report with a changed image" "$REOX" report "$study" --patient P003 --out "$tmp/changed" -q
if command -v pdftotext >/dev/null 2>&1; then
    pdftotext "$tmp/changed/patient_003.pdf" "$tmp/p.txt"
    ok "a changed image is not shown" has 'changed since it was ingested\|cannot be read now' "$tmp/p.txt"
fi
done_testing
