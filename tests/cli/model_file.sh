# tests/cli/model_file.sh: a model leaves one study as a file and is held against others: the same cohort, one that dies twice as fast,
# one in other units, and ones that measured something else.
if [ -w /dev/shm ]; then TMPDIR=/dev/shm; export TMPDIR; fi
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"

make_study() {
    python_made "$here/tests/tiny_study.py" "$tmp/$1" "$2" "$3" "$4" "$5" || { fail "study $1 made"; done_testing; }
    "$REOX" ingest "$tmp/$1" -q >/dev/null && "$REOX" extract "$tmp/$1" -q >/dev/null || fail "study $1 read"
}
make_study here 1 0.02 months '{}'
ok "fit" "$REOX" fit "$tmp/here"
for m in os fail resp; do ok "export $m" "$REOX" export "$tmp/here" --out "$tmp/files" --model $m; done
refused "a method that predicts nothing is not exported" 3 'km predicts nothing' "$REOX" export "$tmp/here" --out "$tmp/files" --model curves
cat >"$tmp/file.py" <<'P'
import json, sys
j = json.load(open(sys.argv[1]))
assert j["schema"] == "reox.model/1" and j["horizon"] == 12
fhv, age, stage = (j["definitions"][k] for k in ("fmiso_pre_fhv", "age", "stage"))
assert fhv["units"] == ["1"] and len(fhv["measured"]) == 1 and fhv["measured"][0]["threshold"] == 1.4 and fhv["measured"][0]["operator"] == ">="
assert age["unit"] == "years" and stage["levels"] == ["A", "B", "C"]
p = j["performance"]
assert p["corrected"]["C"] < p["apparent"]["C"] < 1 and 0 < p["corrected"]["slope"] < 1 and p["resamples_used"] == 200
assert j["fit"]["n"] == 90 and len(j["fit"]["coef"]) == 4 and "P0" not in json.dumps(j)
P
ok "the file says all that a stranger needs" python3 "$tmp/file.py" "$tmp/files/os.json"
"$REOX" export "$tmp/here" --out "$tmp/files2" --model os >/dev/null 2>&1
ok "exported twice, the same bytes" cmp "$tmp/files/os.json" "$tmp/files2/os.json"

# The same bits, whether the model comes from the database or from its file, here or in another study.
make_study other 2 0.04 months '{}'
for m in os fail resp; do
    h="--horizon 12"; [ $m = resp ] && h=
    "$REOX" predict "$tmp/here" --model $m $h --json >"$tmp/a.json" 2>/dev/null
    "$REOX" predict "$tmp/here" --model "$tmp/files/$m.json" $h --json >"$tmp/b.json" 2>/dev/null
    "$REOX" predict "$tmp/other" --model "$tmp/files/$m.json" $h --json >"$tmp/c.json" 2>/dev/null
    ok "predictions of $m have the same bits" python3 -c "
import json; a, b, c = (json.load(open('$tmp/' + f))['predictions'] for f in ('a.json', 'b.json', 'c.json'))
same = lambda k: [x[k] for x in a] == [x[k] for x in b]
assert len(a) == 90 and all(map(same, ('value', 'lower95', 'upper95'))) and len(c) == 90 and all(x['value'] is not None for x in c)"
done

# Held against its own cohort a maximum likelihood fit has nothing to update.
for m in os fail resp; do
    h="--horizon 12"; [ $m = resp ] && h=
    "$REOX" validate "$tmp/here" --model "$tmp/files/$m.json" $h --json >"$tmp/v.json" 2>"$tmp/v.err"; code=$?
    ok "validate $m at home" python3 -c "
import json; j = json.load(open('$tmp/v.json'))
assert $code == 0 and j['schema'] == 'reox.validate/1' and j['n'] == 90 and j['left_out'] == {}
assert all(abs(t['chisq']) < 1e-8 for t in j['recalibration']['tests']) and j['recalibration']['closed_test'] == 'as_published'
assert abs(j['calibration']['slope'] - 1) < 1e-8 and abs(j['calibration']['oe'] - 1) < .1
assert j['brier']['model'] < j['brier']['null'] and .5 < j['discrimination']['c'] < 1
assert len(j['recalibration']['steps'][3]['coef']) == 1 + (4 if '$m' == 'os' else 2)"
done
"$REOX" fit "$tmp/here" >/dev/null 2>&1
"$REOX" validate "$tmp/here" --model "$tmp/files/os.json" --json >"$tmp/v.json" 2>/dev/null
ok "at home the concordance is the fit's" python3 -c "
import json, sqlite3; j = json.load(open('$tmp/v.json'))
fit = json.loads(sqlite3.connect('$tmp/here/reox.db').execute(\"select fit from v_model where model='os'\").fetchone()[0])
assert abs(fit['concordance']['c'] - j['discrimination']['c']) < 1e-12 and j['horizon'] == 12"

# Another cohort with twice the hazard, and the same cohort in days.
"$REOX" validate "$tmp/other" --model "$tmp/files/os.json" --json >"$tmp/v.json" 2>/dev/null
ok "twice the hazard is found" python3 -c "
import json, math; j = json.load(open('$tmp/v.json')); r = j['recalibration']; s = r['steps'][1]
assert abs(s['coef']['log_hazard'] - math.log(2)) < 3 * s['se']['log_hazard'] and r['tests'][0]['p'] < 1e-3 and j['calibration']['oe'] > 1.1
assert r['closed_test'] != 'as_published'"
make_study days 2 0.04 days '{}'
"$REOX" validate "$tmp/days" --model "$tmp/files/os.json" --json >"$tmp/d.json" 2>/dev/null
ok "times in days are turned into months" python3 -c "
import json
def flat(x):
    if isinstance(x, dict): return [q for k in x for q in flat(x[k])]
    if isinstance(x, list): return [q for k in x for q in flat(k)]
    return [x]
a, b = (flat([json.load(open('$tmp/' + f))[k] for k in ('n', 'nevent', 'discrimination', 'calibration', 'brier', 'recalibration')]) for f in ('v.json', 'd.json'))
assert len(a) == len(b) > 100 and all(p == q or abs(p - q) <= 1e-9 + 1e-7 * abs(p) for p, q in zip(a, b))"

# Weights: a column of this study. Patients of weight 0 are left out, weights that are no counts make errors robust.
"$REOX" validate "$tmp/other" --model "$tmp/files/os.json" --weights dose --json >"$tmp/w.json" 2>/dev/null
ok "weights of sampling" python3 -c "
import json; v, j = (json.load(open('$tmp/' + f)) for f in ('v.json', 'w.json')); r = j['recalibration']
assert j['weights'] == 'dose' and j['left_out'] == {'weight 0': 23} and j['n'] == 67 and 'robust' in r['weights_convention']
assert all(0 <= t['p'] <= 1 for t in r['tests']) and r['closed_test'] and len(j['calibration']['curve']['predicted']) == 41 and j['calibration']['curve']['ici'] > 0
assert 'weights_convention' not in v['recalibration'] and v['n'] == 90"
refused "weights of text" 3 'stage is no column of numbers' "$REOX" validate "$tmp/other" --model "$tmp/files/os.json" --weights stage
refused "weights that are not there" 3 'nothing' "$REOX" validate "$tmp/other" --model "$tmp/files/os.json" --weights nothing

# A variable of another definition, a column that is not there, an endpoint that is not there.
other_way() { make_study "$1" 2 0.04 months "$2"; refused "$1" 3 "$3" "$REOX" validate "$tmp/$1" --model "$tmp/files/os.json"; }
other_way threshold '{"hypoxia": {"FMISO": {"threshold": 1.3}}}' '^reox: .*os.json: fmiso_pre_fhv is another variable in this cohort: threshold is 1.4 in the model and 1.3 here'
other_way operator '{"hypoxia": {"FMISO": {"operator": ">"}}}' 'fmiso_pre_fhv is another variable in this cohort: operator is ">=" in the model and ">" here'
other_way unit '{"columns": {"age": {"unit": "months"}}}' "age is another variable in this cohort: its unit is 'years' in the model and 'months' here"
make_study names 2 0.04 months '{}'
sed -i '1s/age/alter/' "$tmp/names/clinical.csv"
sed -i 's/"age"/"alter"/; s/ + age/ + alter/g' "$tmp/names/study.json"
"$REOX" ingest "$tmp/names" -q >/dev/null 2>&1
refused "a column that is not there" 3 'os.json: the model needs age' "$REOX" validate "$tmp/names" --model "$tmp/files/os.json"
make_study settings 2 0.04 months '{"features": {"discretise": {"method": "fixed_bin_size", "bin_size": 0.5}}}'
ok "settings that do not touch the variable do not matter" "$REOX" validate "$tmp/settings" --model "$tmp/files/os.json"
refused "an endpoint that is not there" 3 "endpoint is 'dfs'" "$REOX" validate "$tmp/other" --model "$tmp/files/os.json" --endpoint dfs
refused "an endpoint of another kind" 3 'response is a response' "$REOX" validate "$tmp/other" --model "$tmp/files/os.json" --endpoint response
refused "no model" 2 'validate: --model is missing' "$REOX" validate "$tmp/other"
refused "no file" 3 'none.json' "$REOX" validate "$tmp/other" --model "$tmp/none.json"
sed 's/"coef"/"koef"/' "$tmp/files/os.json" >"$tmp/files/broken.json"
refused "a broken file" 3 "broken.json: unknown key koef, expected perhaps coef" "$REOX" validate "$tmp/other" --model "$tmp/files/broken.json"
ok "words for people" sh -c "'$REOX' validate '$tmp/other' --model '$tmp/files/os.json' | grep -q 'least update that these data do not reject'"
done_testing
