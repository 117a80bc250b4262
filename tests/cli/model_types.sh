# tests/cli/model_types.sh: every type of model leaves as a file and comes back: the same bytes twice, the same bits of prediction from the
# database and from the file, nothing to recalibrate at home for a maximum of its likelihood, its own performance; damaged files.
if [ -w /dev/shm ]; then TMPDIR=/dev/shm; export TMPDIR; fi
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"
cat >"$tmp/models.json" <<'J'
{"board": {"models": ["plain"]}, "models": [
 {"name": "plain", "method": "cox", "formula": "Surv(time, event) ~ fmiso_pre_fhv * stage + age"},
 {"name": "exact", "method": "cox", "ties": "exact", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age"},
 {"name": "strata", "method": "cox", "cluster": "centre", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + strata(stage)"},
 {"name": "offset", "method": "cox", "formula": "Surv(time, event) ~ fmiso_pre_fhv + offset(0.03*age)"},
 {"name": "weights", "method": "cox", "weights": "copies", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age"},
 {"name": "firth", "method": "cox", "penalty": "firth", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age"},
 {"name": "ridge", "method": "cox", "lambda2": 3, "standardize": true, "formula": "Surv(time, event) ~ fmiso_pre_fhv + age"},
 {"name": "knots", "method": "cox", "formula": "Surv(time, event) ~ rcs(fmiso_pre_fhv,3) + age"},
 {"name": "pspline", "method": "cox", "formula": "Surv(time, event) ~ pspline(fmiso_pre_fhv,df=3) + age"},
 {"name": "powers", "method": "cox", "formula": "Surv(time, event) ~ fp(age) + fmiso_pre_fhv"},
 {"name": "step", "method": "cox", "step": "backward", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + stage"},
 {"name": "tt", "method": "cox", "tt": "log(t+1)", "formula": "Surv(time, event) ~ fmiso_pre_fhv + tt(fmiso_pre_fhv) + age"},
 {"name": "gamma", "method": "cox", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + frailty(centre)"},
 {"name": "normal", "method": "cox", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + (1|centre)"},
 {"name": "lasso", "method": "cox", "lambda1": 1, "standardize": true, "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + stage"},
 {"name": "net", "method": "elasticnet", "alpha": 0.5, "nlambda": 20, "folds": 5, "choose": "min", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + stage"},
 {"name": "path", "method": "elasticnet", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + stage"},
 {"name": "cause", "method": "cox", "formula": "Surv(time, code) ~ fmiso_pre_fhv + age"},
 {"name": "weibull", "method": "survreg", "formula": "Surv(time, event) ~ fmiso_pre_fhv + age + stage"},
 {"name": "lognormal", "method": "survreg", "dist": "lognormal", "cluster": "centre", "formula": "Surv(time, event) ~ rcs(fmiso_pre_fhv,3) + age"},
 {"name": "cif", "method": "finegray", "formula": "Surv(time, code) ~ fmiso_pre_fhv + age"},
 {"name": "cifstrata", "method": "finegray", "convention": "survival", "cluster": "centre", "formula": "Surv(time, code) ~ fmiso_pre_fhv + age + strata(stage)"},
 {"name": "parametric", "method": "survreg", "formula": "Surv(time, code) ~ fmiso_pre_fhv + age"},
 {"name": "grade", "method": "ordinal", "link": "probit", "formula": "stage ~ fmiso_pre_fhv + age"},
 {"name": "resp", "method": "logistic", "formula": "resp ~ fmiso_pre_fhv + offset(dose)"},
 {"name": "respfirth", "method": "logistic", "penalty": "firth", "formula": "resp ~ fmiso_pre_fhv + rcs(age,3)"}
]}
J
python_made "$here/tests/tiny_study.py" "$tmp/study" 5 0.03 months "$(cat "$tmp/models.json")" 0.4 || { fail "study made"; done_testing; }
"$REOX" ingest "$tmp/study" -q >/dev/null && "$REOX" extract "$tmp/study" -q >/dev/null || fail "study read"
ok "fit" "$REOX" fit "$tmp/study"
cat >"$tmp/carried.py" <<'P'
import json, subprocess, sys
reox, tmp, name = sys.argv[1:]
def run(*args):
    r = subprocess.run([reox, *args], capture_output=True, text=True)
    assert r.returncode == 0, (args, r.returncode, r.stderr)
    return r.stdout
path = tmp + "/one/" + name + ".json"
for out in ("one", "two") if name in ("plain", "net") else ("one",): run("export", tmp + "/study", "--out", tmp + "/" + out, "--model", name, "--groups")
if name in ("plain", "net"): assert open(path).read() == open(path.replace("/one/", "/two/")).read(), "exported twice, other bytes"
f = json.load(open(path))
survival, fit, performance = f["model"]["kind"] == "survival", f["fit"], f["performance"]
at = ["--horizon", "12", "--json"] if survival else ["--json"]
for group in ("typical", "own", "average") if "frailty" in fit else ("typical",):
    here, there = (json.loads(run("predict", tmp + "/study", "--model", m, "--group", group, *at)) for m in (name, path))
    assert here == there and len(here["predictions"]) == 90 * (3 if name == "grade" else 1)
    values = [[p[k] for k in ("lower95", "value", "upper95")] for p in here["predictions"]]
    assert all((v == [None] * 3) if name in ("exact", "parametric") else (v[0] is None and 0 < v[1] < 1) if name in ("lasso", "net", "cif", "cifstrata")
               else 0 < v[0] < v[1] < v[2] < 1 for v in values)
if name == "parametric": assert "other events compete" in here["predictions"][0]["note"]
if name == "grade":
    three = here["predictions"][:3]
    assert [p["level"] for p in three] == fit["levels"] == ["A", "B", "C"] and abs(sum(p["value"] for p in three) - 1) < 1e-12
    assert "several levels" in performance["reason"] and fit["n"] == 90 and len(fit["thresholds"]) == 2
    r = subprocess.run([reox, "validate", tmp + "/study", "--model", path, "--json"], capture_output=True, text=True)
    assert r.returncode == 3 and "gives a probability for each of 3 levels" in r.stderr, r.stderr
    sys.exit(0)
# Penalised fits are no maximum of the cohort's own likelihood, weighted ones of the weighted one; powers are chosen among few.
more = ["--group", "own"] if "frailty" in fit else ["--weights", "copies"] if name == "weights" else []
v = json.loads(run("validate", tmp + "/study", "--model", path, *more, *at))
assert v["n"] == 90 and v["discrimination"]["c"] > .5 and v["development"] == performance
if name in ("cif", "cifstrata"):
    a, c = performance["apparent"], performance["corrected"]
    assert abs(a["C"] - v["discrimination"]["c"]) < 1e-9 and abs(a["slope"] - v["calibration"]["slope"]) < 1e-9, (a, v["discrimination"], v["calibration"])
    assert .5 < c["C"] < a["C"] and abs(c["slope"] - 1) < .1 and performance["resamples_used"] > 150, performance
    assert "recalibration" not in v and "weights" in v["recalibration_reason"]
    assert abs(v["calibration"]["slope"] - 1) < .1 and .5 < v["discrimination"]["auc_def2"] < 1 and v["measure"] == "cumulative_incidence"
    assert v["brier"]["model"] < v["brier"]["null"] and fit["baseline"][0]["cumhaz"] and v["calibration"]["curve"]["observed"]
    sys.exit(0)
if name == "weibull":
    late = json.loads(run("predict", tmp + "/study", "--model", path, "--horizon", "200", "--json"))["predictions"][0]
    assert late["value"] > here["predictions"][0]["value"] and not late["in_range"] and "rests on the distribution alone" in late["note"], late
if name == "exact": assert "recalibration" not in v and v["diagnosis"][0]["code"] == "no_risk"
elif name == "lognormal": assert abs(v["calibration"]["slope"] - 1) < 1e-8 and all(0 <= t["p"] <= 1 for t in v["recalibration"]["tests"]) and abs(v["recalibration"]["steps"][1]["coef"]["log_hazard"]) < .2
elif name not in ("firth", "parametric", "ridge", "lasso", "net", "pspline", "respfirth"):
    assert all(0 <= t["chisq"] < 1e-7 for t in v["recalibration"]["tests"]), v["recalibration"]["tests"]
if name == "tt":
    w = json.loads(run("validate", tmp + "/study", "--model", path, "--weights", "dose", *at))
    assert w["n"] == 67 and all(0 <= t["p"] <= 1 for t in w["recalibration"]["tests"]), w["recalibration"]["tests"]
if name == "weights": assert "case weights" in performance["reason"]
else:
    a, c = performance["apparent"], performance["corrected"]
    assert .5 < c["C"] < a["C"] and (c["slope"] < a["slope"] or fit["offsets"] or "dist" in fit and abs(c["slope"] - 1) < .1) and performance["resamples_used"] > 150, performance
    assert ("note" in performance) == (name == "step")
P
for m in $(python3 -c "import json; print(*[m['name'] for m in json.load(open('$tmp/models.json'))['models'] if m['name'] != 'path'])"); do
    ok "$m" python3 "$tmp/carried.py" "$REOX" "$tmp" "$m"
done

refused "a path is no model" 3 'path: a path predicts nothing' "$REOX" export "$tmp/study" --out "$tmp/one" --model path

# The names of a frailty's groups stay at home unless they are asked for.
"$REOX" export "$tmp/study" --out "$tmp/three" --model gamma >/dev/null 2>&1
ok "no groups" python3 -c "
import json; f = json.load(open('$tmp/three/gamma.json')); assert 'levels' not in f['fit']['frailty'] and 'centre' not in f['definitions']"
refused "own group of a file without groups" 3 'gamma|does not name its groups' "$REOX" predict "$tmp/study" --model "$tmp/three/gamma.json" --horizon 12 --group own
refused "no such group" 2 "group is 'mine'" "$REOX" predict "$tmp/study" --model gamma --horizon 12 --group mine
refused "no frailty in a response" 2 'no frailty' "$REOX" predict "$tmp/study" --model resp --group own
refused "no frailty" 2 'no frailty' "$REOX" predict "$tmp/study" --model plain --horizon 12 --group own

# Files that were cut, changed or mixed up.
cat >"$tmp/damage.py" <<'P'
import json, random, subprocess, sys
reox, tmp, name = sys.argv[1:]
text = open(tmp + "/one/" + name + ".json").read()
random.seed(4)
for k in range(24):
    i = random.randrange(len(text) - 2)
    if k % 3 == 0: bad = text[:i]
    elif k % 3 == 1: bad = text[:i] + random.choice("0123456789-e.\"{}[]: x") + text[i + 1:]
    else: bad = text[:i] + text[i + random.randrange(1, 40):]
    try: same = json.loads(bad) == json.loads(text)
    except ValueError: same = False
    if same: continue
    path = tmp + "/bad.json"
    open(path, "w").write(bad)
    for command in ("predict", "validate"):
        r = subprocess.run([reox, command, tmp + "/study", "--model", path, "--horizon", "12", "--json"][:None if name != "resp" else -3] , capture_output=True, text=True)
        assert r.returncode == 3 and r.stdout == "", (k, command, r.returncode, r.stdout[:200], r.stderr)
        assert r.stderr.count("\n") == 1 and r.stderr.startswith("reox: ") and "bad.json" in r.stderr, r.stderr
P
for m in plain tt gamma resp; do ok "damaged $m is refused in one line" python3 "$tmp/damage.py" "$REOX" "$tmp" $m; done
sed 's/"sha256"/"sha255"/' "$tmp/one/plain.json" >"$tmp/bad.json"
refused "another key" 3 'bad.json: unknown key sha255, expected perhaps sha256' "$REOX" predict "$tmp/study" --model "$tmp/bad.json" --horizon 12
sed 's/"Surv(time, event) ~ fmiso_pre_fhv \* stage + age"/"Surv(time, event) ~ fmiso_pre_fhv * stage"/' "$tmp/one/plain.json" >"$tmp/bad.json"
refused "another formula" 3 'bad.json: its content does not have its sha256' "$REOX" predict "$tmp/study" --model "$tmp/bad.json" --horizon 12

"$REOX" report "$tmp/study" --out "$tmp/pages" -q
ok "a logistic model's area stands on the cohort's page" grep -q 'Area under the ROC curve 0[.][0-9][0-9], in the data it was fitted to' "$tmp/pages/cohort.html"

# Rows that the model does not know: another category, a value outside, a column that is not there.
printf 'patient,fmiso_pre_fhv,age,stage\na,0.5,60,A\nb,0.5,60,D\nc,0.5,99,B\nd,,60,A\n' >"$tmp/new.csv"
"$REOX" predict "$tmp/study" --model "$tmp/one/plain.json" --horizon 12 --newdata "$tmp/new.csv" --json >"$tmp/new.json" 2>"$tmp/new.err"
ok "new rows" python3 -c "
import json; a, b, c, d = json.load(open('$tmp/new.json'))['predictions']
assert a['status'] == 'ok' and a['in_range'] and a['note'] is None
assert b['value'] is None and \"stage is 'D', which the model has not seen\" in b['note']
assert c['value'] > 0 and not c['in_range'] and 'age 99 is above' in c['note'] and 'the highest of 90 patients' in c['note']
assert d['value'] is None and 'fmiso_pre_fhv is missing' in d['note']"
printf 'patient,fmiso_pre_fhv,stage\na,0.5,A\n' >"$tmp/new.csv"
refused "a column that is not there" 3 'new.csv: column age is missing, which the model needs' "$REOX" predict "$tmp/study" --model "$tmp/one/plain.json" --horizon 12 --newdata "$tmp/new.csv"
python_made "$here/tests/tiny_study.py" "$tmp/other" 6 0.03 months '{"hypoxia": {"FMISO": {"threshold": 1.3}}}' && "$REOX" ingest "$tmp/other" -q >/dev/null && "$REOX" extract "$tmp/other" -q >/dev/null
refused "another definition of hypoxia" 3 'plain.json: fmiso_pre_fhv is another variable in this cohort: threshold is 1.4 in the model and 1.3 here' "$REOX" predict "$tmp/other" --model "$tmp/one/plain.json" --horizon 12
python_made "$here/tests/tiny_study.py" "$tmp/days" 5 0.03 days '{}' 0.4 && "$REOX" ingest "$tmp/days" -q >/dev/null && "$REOX" extract "$tmp/days" -q >/dev/null
"$REOX" predict "$tmp/study" --model plain --json >"$tmp/a.json" 2>/dev/null
"$REOX" predict "$tmp/days" --model "$tmp/one/plain.json" --json >"$tmp/b.json" 2>/dev/null
ok "a study in days takes the file's horizon in months" python3 -c "
import json; a, b = (json.load(open('$tmp/' + f)) for f in ('a.json', 'b.json'))
assert a['horizon'] == b['horizon'] == 12 and b['time_unit'] == 'months' and a['predictions'] == b['predictions']"
done_testing
