# tests/cli/fit_rows.sh: who is in a model: exclude, subset, levels, cluster, and whose scan starts the clock when there are two tracers.
# Every model is held against `reox stat` on the table that should come out.
if [ -w /dev/shm ]; then TMPDIR=/dev/shm; export TMPDIR; fi
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"
study=$tmp/study
mkdir "$study"
cat >"$tmp/make.py" <<'P'
import json, math, sys
from made import Numbers, nifti
study, tmp = sys.argv[1:]
uniform = Numbers(7).uniform
nifti(study + "/mask.nii", [1] * 27, mask=True)
nifti(study + "/image.nii", range(1, 28))
rows, scans, tables = ["patient,age,risk,histology,center,os_months,os_event"], ["patient,timepoint,tracer,image,roi_gtv,day"], {k: [] for k in ("plain", "fmiso", "both")}
for i in range(80):
    p, age, risk = "P%02d" % i, 50 + int(30 * uniform()), ["low", "mid", "high"][i % 3]
    months, event = round(-30 * math.log(uniform()) * math.exp(-0.03 * (age - 65)), 3), int(uniform() < 0.8)
    histology, center = ("SCLC" if i % 10 == 3 else "AC"), "ABCDEFGH"[i % 8]
    shown = "" if i % 13 == 5 else age
    rows.append("%s,%s,%s,%s,%s,%.3f,%d" % (p, shown, risk, histology, center, months, event))
    fmiso, fdg = 10, 25 + i % 5
    last = months * 30.4375
    if last >= fdg:
        scans += ["%s,mid,FMISO,image.nii,mask.nii,%d" % (p, fmiso), "%s,mid,FDG,image.nii,mask.nii,%d" % (p, fdg)]
    if histology == "SCLC": continue
    line = "%s,%s,%s" % (shown or "NA", risk, center)
    tables["plain"].append("%.17g,%d,%s" % (months, event, line))
    if last >= fdg:
        for k, start in (("fmiso", fmiso), ("both", fdg)):
            if months - start / 30.4375 > 0: tables[k].append("%.17g,%d,%s" % (months - start / 30.4375, event, line))
for k, t in tables.items(): open("%s/%s.csv" % (tmp, k), "w").write("\n".join(["t,d,age,risk,center"] + t) + "\n")
open(study + "/clinical.csv", "w").write("\n".join(rows) + "\n")
open(study + "/scans.csv", "w").write("\n".join(scans) + "\n")
model = lambda name, right="age", **k: dict({"name": name, "method": "cox", "formula": "Surv(os_months, os_event) ~ " + right}, **k)
json.dump({"clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre", "mid"], "features": {"families": ["statistics"]},
           "columns": {"risk": {"levels": ["low", "mid", "high"]}, "age": {"unit": "years"}},
           "exclude": [{"if": "histology == 'SCLC'", "reason": "not NSCLC"}],
           "endpoints": {"os": {"time": "os_months", "event": "os_event", "time_unit": "months"}},
           "models": [model("plain"), model("levels", "age + risk"), model("own_levels", "risk", levels=["risk=high,mid,low"]),
                      model("subset", subset="risk != 'low'"), model("cluster", cluster="center"),
                      model("fmiso_clock", landmark="mid", subset="fmiso_mid_statistics_mean_intensity > 0"), model("all_clock", landmark="mid"),
                      model("none_left", subset="age > 200"), model("late", "risk", landmark=200, subset="center != 'A'")]}, open(study + "/study.json", "w"))
P
python_made "$tmp/make.py" "$study" "$tmp" || { fail "study made"; done_testing; }
ok "ingest" "$REOX" ingest "$study"
ok "extract" "$REOX" extract -q "$study"
"$REOX" fit "$study" --json >"$tmp/fit.json" 2>"$tmp/fit.err"; code=$?
[ "$code" = 4 ] && pass || fail "fit: exit $code, expected 4 for the model without rows"
ok "what could not be estimated is said" grep -q 'reox: model none_left: not estimated: ' "$tmp/fit.err"
# NAME TABLE FORMULA OPTIONS: the model of that name equals the analysis of that table, in coefficients and standard errors
same() {
    model=$1 table=$2 formula=$3; shift 3
    "$REOX" stat cox "$formula" --data "$tmp/$table.csv" "$@" --json >"$tmp/stat.json" 2>/dev/null
    ok "$model" python3 - "$tmp" "$model" <<'P'
import json, sys
m = [m for m in json.load(open(sys.argv[1] + "/fit.json"))["models"] if m["name"] == sys.argv[2]][0]
s = json.load(open(sys.argv[1] + "/stat.json"))
assert m["n"] == s["n"] and m["nevent"] == s["nevent"], (m["n"], s["n"])
assert m["n"] + sum(m["left_out"].values()) == 80, m["left_out"]
assert [t["term"] for t in m["terms"]] == list(s["coef"]), (m["terms"], list(s["coef"]))
for t in m["terms"]:
    assert abs(t["coef"] - s["coef"][t["term"]]) < 1e-9 * abs(t["coef"]), t
    se = s.get("robust_se", s["se"])[t["term"]]
    assert abs(t["se"] - se) < 1e-9 * se, (t, se)
P
}
same plain plain 'Surv(t,d)~age'
same levels plain 'Surv(t,d)~age+risk' --levels risk=low,mid,high
same own_levels plain 'Surv(t,d)~risk' --levels risk=high,mid,low
same subset plain 'Surv(t,d)~age' --subset "risk!='low'"
same cluster plain 'Surv(t,d)~age' --cluster center
same fmiso_clock fmiso 'Surv(t,d)~age'
same all_clock both 'Surv(t,d)~age'
ok "reasons" python3 -c "
import json; d={m['name']: m for m in json.load(open('$tmp/fit.json'))['models']}
left=d['plain']['left_out']; assert left == {'excluded: not NSCLC': 8, 'missing: age': left['missing: age']} and left['missing: age'] > 0, left
assert any(k.startswith('not in the subset: risk') for k in d['subset']['left_out']), d['subset']['left_out']"

# who had the event before the landmark has no risk from there, whether exclude or the subset left him out or not; who was censored may have
ok "export of the model" "$REOX" export "$study" --out "$tmp/exported" --model late
"$REOX" predict "$study" --model late --horizon 12 --json >"$tmp/late.json"
"$REOX" predict "$study" --model "$(find "$tmp/exported" -name '*.json' | head -n 1)" --horizon 12 --json >"$tmp/late_file.json"
for from in late late_file; do
    ok "no risk after the event: $from" python3 - "$tmp/$from.json" "$study/clinical.csv" "$from" <<'P'
import csv, json, sys
got = {p["patient"]: p for p in json.load(open(sys.argv[1]))["predictions"]}
kinds = set()
for r in csv.DictReader(open(sys.argv[2])):
    over, p = float(r["os_months"]) * 30.4375 <= 200, got[r["patient"]]
    value = next(p[k] for k in ("risk", "value", "estimate") if k in p)
    had, chosen_out = over and r["os_event"] == "1", r["histology"] == "SCLC" or r["center"] == "A"
    kinds.add((had, chosen_out))
    assert (value is None) == had, (r, p)
    if had: assert p["note"].endswith("event before the landmark"), p
assert len(kinds) == 4, kinds
P
done

# what changed is fitted again, and nothing else
sed -i 's/^P01,[0-9]*,/P01,79,/' "$study/clinical.csv"
ok "ingest again" "$REOX" ingest "$study"
"$REOX" fit "$study" --json >"$tmp/again.json" 2>/dev/null
ok "a changed age does not touch the model without age" python3 -c "
import json; d={m['name']: m['status'] for m in json.load(open('$tmp/again.json'))['models']}
assert d['own_levels'] == 'unchanged' and d['plain'] == 'fitted' and d['levels'] == 'fitted' and d['none_left'] == 'not_estimated', d"
ok "one model by name" "$REOX" fit "$study" own_levels --force
refused "an unknown model" 2 'no model palin, perhaps plain' "$REOX" fit "$study" palin
refused "prediction from what could not be estimated" 4 'none_left' "$REOX" predict "$study" --model none_left --horizon 12
done_testing
