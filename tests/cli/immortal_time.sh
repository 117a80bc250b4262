# tests/cli/immortal_time.sh: a marker that has nothing to do with death, but grows with the day of the scan. Whoever is scanned late has
# lived that long: counted from day 0 the marker looks protective; counted from each patient's own scan it does not.
# Hundreds of durable transactions: in memory where there is a file system for it.
if [ -w /dev/shm ]; then TMPDIR=/dev/shm; export TMPDIR; fi
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"
study=$tmp/study
mkdir "$study"

# 400 patients, survival exponential with mean 20 months, a scan planned at a uniform day of 14 to 540 and made if the patient is alive
# then; marker (mean SUV) = 1 + day/300 + noise.
cat >"$tmp/make.py" <<'P'
import json, math, os, struct, sys
from made import Numbers, nifti
study = sys.argv[1]
numbers = Numbers(20261124)
uniform, normal = numbers.uniform, numbers.normal
nifti(study + "/mask.nii", [1] * 27, mask=True)
clinical, scans, naive, landmark = ["patient,os_months,os_event,lrf_months,lrf_code"], ["patient,timepoint,tracer,status,image,roi_gtv,day"], ["t,d,x"], ["t,d,x"]
for i in range(400):
    p, death, end = "P%03d" % i, -20 * math.log(uniform()), 12 + 48 * uniform()
    months, event = round(min(death, end), 4), int(death <= end)
    day = 14 + int(526 * uniform())
    kind = 0 if not event else 1 if uniform() < 0.4 else 2
    clinical.append("%s,%.4f,%d,%.4f,%d" % (p, months, event, months, kind))
    scans.append(p + ",pre,FMISO,not_done,,,")
    if months * 30.4375 <= day: scans.append(p + ",mid,FMISO,not_done,,,"); continue
    unknown = i % 50 == 7
    marker = 1 + day / 300 + 0.2 * normal()
    voxels = [struct.unpack("<f", struct.pack("<f", marker + 0.01 * (k - 13)))[0] for k in range(27)]
    nifti("%s/%s.nii" % (study, p), voxels)
    scans.append("%s,mid,FMISO,done,%s.nii,mask.nii,%s" % (p, p, "" if unknown else day))
    mean = math.fsum(voxels) / 27
    naive.append("%.4f,%d,%.17g" % (months, event, mean))
    if not unknown: landmark.append("%.17g,%d,%.17g" % (months - day / 30.4375, event, mean))
for name, lines in (("clinical", clinical), ("scans", scans)):
    open(os.path.join(study, name + ".csv"), "w").write("\n".join(lines) + "\n")
open(sys.argv[2] + "/naive.csv", "w").write("\n".join(naive) + "\n")
open(sys.argv[2] + "/landmark.csv", "w").write("\n".join(landmark) + "\n")
x = "fmiso_mid_statistics_mean_intensity"
model = lambda name, **k: dict({"name": name, "method": "cox", "formula": "Surv(os_months, os_event) ~ " + x}, **k)
json.dump({"clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre", "mid"], "features": {"families": ["statistics"]},
           "endpoints": {"os": {"time": "os_months", "event": "os_event", "time_unit": "months"},
                         "lrf": {"time": "lrf_months", "event": "lrf_code", "cause": 1, "time_unit": "months"}},
           "board": {"endpoint": "os", "horizon": 12, "models": ["own_scan"]},
           "models": [model("no_landmark"), model("allowed", allow_immortal_time=True), model("own_scan", landmark="mid"),
                      model("before", landmark="pre"), model("day_200", landmark=200),
                      model("lrf", landmark="mid", formula="Surv(lrf_months, lrf_code) ~ " + x),
                      model("lrf_same", landmark="mid", formula="Surv(lrf_months, lrf_code == 1) ~ " + x),
                      model("other", landmark="mid", formula="Surv(lrf_months, lrf_code == 2) ~ " + x),
                      model("any", landmark="mid", formula="Surv(lrf_months, lrf_code > 0) ~ " + x)]},
          open(os.path.join(study, "study.json"), "w"))
P
python_made "$tmp/make.py" "$study" "$tmp" || { fail "study made"; done_testing; }
ok "ingest" "$REOX" ingest "$study"
ok "extract" "$REOX" extract -q "$study"
"$REOX" fit "$study" --json >"$tmp/fit.json" 2>"$tmp/fit.err"; code=$?
[ "$code" = 3 ] && pass || fail "fit: exit $code, expected 3 for the two refused models"
ok "immortal time is refused by name" grep -q 'reox: study.json: models.no_landmark: variable fmiso_mid_statistics_mean_intensity .*immortal time' "$tmp/fit.err"
ok "the future is refused by name" grep -q 'reox: study.json: models.before: variable fmiso_mid_statistics_mean_intensity .*later than the landmark pre' "$tmp/fit.err"
"$REOX" stat cox 'Surv(t,d)~x' --data "$tmp/naive.csv" --json >"$tmp/naive.json" 2>/dev/null
"$REOX" stat cox 'Surv(t,d)~x' --data "$tmp/landmark.csv" --json >"$tmp/landmark.json" 2>/dev/null

cat >"$tmp/judge.py" <<'P'
import json, sys
d = {m["name"]: m for m in json.load(open(sys.argv[1] + "/fit.json"))["models"]}
direct = {k: json.load(open("%s/%s.json" % (sys.argv[1], k))) for k in ("naive", "landmark")}
t = {k: m["terms"][0] for k, m in d.items() if m.get("terms")}
n = {k: m.get("n") for k, m in d.items()}
close = lambda a, b: abs(a - b) <= 1e-9 * abs(b)
clinical = [l.split(",") for l in open(sys.argv[1] + "/study/clinical.csv").read().split()[1:]]
scans = {l.split(",")[0]: l.split(",") for l in open(sys.argv[1] + "/study/scans.csv").read().split()[1:] if ",mid," in l}
left = d["own_scan"]["left_out"]
no_scan = sum(s[3] == "not_done" for s in scans.values())
unknown = sum(s[3] == "done" and s[6] == "" for s in scans.values())
late = sum(s[3] == "done" and s[6] != "" and int(s[6]) > 200 for s in scans.values())
gone = [c for c in clinical if scans[c[0]][3] == "done" and scans[c[0]][6] not in ("",) and int(scans[c[0]][6]) <= 200 and float(c[1]) * 30.4375 <= 200]
tests = {
    "counted from day 0 the marker looks protective": t["allowed"]["upper95"] < 0.8 and t["allowed"]["p"] < 1e-3,
    "counted from the scan it is null": t["own_scan"]["lower95"] < 1 < t["own_scan"]["upper95"] and 0.8 < t["own_scan"]["ratio"] < 1.25,
    "the landmark is the analysis by hand": close(t["own_scan"]["coef"], direct["landmark"]["coef"]["x"]) and n["own_scan"] == direct["landmark"]["n"],
    "without it, too": close(t["allowed"]["coef"], direct["naive"]["coef"]["x"]) and n["allowed"] == direct["naive"]["n"],
    "every patient is accounted for": all(m["n"] + sum(m["left_out"].values()) == 400 for m in d.values() if "n" in m),
    "no mid scan": left.get("no mid scan") == no_scan,
    "day unknown": left.get("day of the mid scan unknown") == unknown > 0,
    "day 200: later scans, earlier events, earlier censoring": d["day_200"]["left_out"].get("mid scan after the landmark") == late
        and d["day_200"]["left_out"].get("event before the landmark", 0) == sum(c[2] == "1" for c in gone)
        and d["day_200"]["left_out"].get("censored before the landmark", 0) == sum(c[2] == "0" for c in gone),
    "an endpoint with a cause counts that cause": d["lrf"]["nevent"] == sum(c[4] == "1" for c in clinical if scans[c[0]][3] == "done" and scans[c[0]][6] != ""),
    "and has the competing events beside it": len(d["lrf"]["result"]["competing"]) == 1
        and d["lrf"]["result"]["competing"][0]["nevent"] == d["own_scan"]["nevent"] - d["lrf"]["nevent"],
}
for name, good in tests.items(): print("ok" if good else "NOT", name)
print("HR from day 0: %.2f (%.2f to %.2f); from the scan: %.2f (%.2f to %.2f)" % tuple(t[k][x] for k in ("allowed", "own_scan") for x in ("ratio", "lower95", "upper95")))
P
python3 "$tmp/judge.py" "$tmp" >"$tmp/judged" 2>&1 || { fail "judge"; cat "$tmp/judged"; }
while read -r verdict what; do
    case $verdict in ok) pass;; NOT) fail "$what";; *) echo "note: $name: $verdict $what";; esac
done <"$tmp/judged"

# a second fit does nothing; predictions are there for every patient
"$REOX" fit "$study" --json >"$tmp/again.json" 2>/dev/null
ok "nothing is fitted twice" python3 -c "import json; d=json.load(open('$tmp/again.json')); assert {m['status'] for m in d['models']} == {'unchanged', 'refused'}"
"$REOX" predict "$study" --model own_scan --json >"$tmp/p.json" 2>/dev/null
ok "predictions" python3 -c "
import json; d=json.load(open('$tmp/p.json')); p=d['predictions']
assert d['measure'] == 'risk' and d['horizon'] == 12 and len(p) == 400 and d['landmark'] == 'mid'
assert all((x['value'] is None) == bool(x['status'] == 'undefined') for x in p) and all(0 < x['lower95'] < x['value'] < x['upper95'] < 1 for x in p if x['value'] is not None)"
"$REOX" predict "$study" --model lrf --horizon 12 --json >"$tmp/lrf.json" 2>/dev/null
ok "the cumulative incidence stays below the risk of any event" python3 -c "
import json; a={x['patient']: x['value'] for x in json.load(open('$tmp/p.json'))['predictions']}; d=json.load(open('$tmp/lrf.json'))
assert d['measure'] == 'cumulative_incidence' and all(x['value'] < a[x['patient']] for x in d['predictions'] if x['value'] is not None)"
for m in lrf_same other any; do "$REOX" predict "$study" --model $m --horizon 12 --json >"$tmp/$m.json" 2>/dev/null; done
ok "an expression for the event is the same event, and both incidences add up to the risk of any" python3 -c "
import json
d = {m: json.load(open('$tmp/%s.json' % m)) for m in ('lrf', 'lrf_same', 'other', 'any')}
v = {m: {x['patient']: x for x in d[m]['predictions'] if x['value'] is not None} for m in d}
assert d['lrf_same']['measure'] == d['other']['measure'] == 'cumulative_incidence' and d['any']['measure'] == 'risk'
assert all(v['lrf'][p]['value'] == v['lrf_same'][p]['value'] and v['lrf'][p]['upper95'] == v['lrf_same'][p]['upper95'] for p in v['lrf'])
assert all(abs(v['lrf'][p]['value'] + v['other'][p]['value'] - v['any'][p]['value']) < 0.02 for p in v['lrf'])
assert len(v['lrf']) == len(v['any']) > 100"
printf 'patient,fmiso_mid_statistics_mean_intensity\nnew,1.5\nfar,9\nempty,\n' >"$tmp/new.csv"
"$REOX" predict "$study" --model own_scan --newdata "$tmp/new.csv" --json >"$tmp/new.json" 2>/dev/null
ok "new patients, one outside the range, one incomplete" python3 -c "
import json; p=json.load(open('$tmp/new.json'))['predictions']
assert [x['patient'] for x in p] == ['new', 'far', 'empty'] and p[0]['in_range'] and not p[1]['in_range'] and 'above' in p[1]['note'] and p[2]['value'] is None"
ok "a model leaves as a file" "$REOX" export "$study" --out "$tmp/ex" --model lrf
"$REOX" predict "$study" --model "$tmp/ex/lrf.json" --horizon 12 --json >"$tmp/file.json" 2>/dev/null
ok "and predicts the same bits" python3 -c "
import json; a, b = (json.load(open('$tmp/' + f))['predictions'] for f in ('lrf.json', 'file.json'))
assert [x['value'] for x in a] == [x['value'] for x in b] and [x['upper95'] for x in a] == [x['upper95'] for x in b]"
ok "without patients in it" sh -c "! grep -q P0 '$tmp/ex/lrf.json'"
refused "a model without horizon" 2 'needs --horizon' "$REOX" predict "$study" --model lrf
refused "a model that was refused" 3 'not fitted, or was refused' "$REOX" predict "$study" --model before
refused "an unknown model" 2 'no model own_scna, perhaps own_scan' "$REOX" predict "$study" --model own_scna
refused "an unknown patient" 3 'patient P999' "$REOX" predict "$study" --model own_scan --patient P999
done_testing
