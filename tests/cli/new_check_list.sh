# tests/cli/new_check_list.sh: a new study folder is accepted as it stands; check and list say what they promise.
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"
study=$tmp/study
json() { python3 -c "import json,sys; d=json.load(open('$tmp/out.json')); sys.exit(0 if ($1) else 1)"; }
save() { "$@" >"$tmp/out.json" 2>/dev/null; }

ok "new" "$REOX" new "$study"
ok "new writes strict JSON" python3 -m json.tool "$study/study.json"
ok "a new study is accepted" "$REOX" check "$study"
refused "new into a folder that is not empty" 3 'not empty' "$REOX" new "$study"
for key in clinical scans timepoints hypoxia features columns exclude changes endpoints board models patient timepoint tracer status image units \
           roi_gtv reference_value day scan_date uptake_min injected_mbq weight_kg height_m sex center time_zero; do
    ok "README explains $key" grep -q "\`$key\`" "$study/README.md"
done

# check writes nothing, names file and line, and says each refusal once
printf 'P1,60,II,SCC,12,1\n' >>"$study/clinical.csv"
refused "a short row" 3 '^reox: clinical.csv:2: 6 fields, expected 7' "$REOX" check "$study"
printf 'patient,age,sex,stage,histology,os_months,os_event\nP1,60,M,II,SCC,12,1\nP2,x,M,II,SCC,-1,1\nP3,60,M,II,SCC,12,0\n' >"$study/clinical.csv"
printf 'patient,timepoint,tracer,status,image,roi_gtv\nP1,pre,FMISO,done,images/a.nii,images/m.nii\nP3,pre,FMISO,not_done,,\n' >"$study/scans.csv"
before=$(find "$study" -type f -exec sha256sum {} + | sort)
refused "a bad cell and a missing file" 3 'clinical.csv:3: patient P2' "$REOX" check "$study"
ok "the missing file is named with its scan" grep -q '^reox: images/a.nii: .*No such file.*(scan P1/pre/FMISO)$' "$tmp/.err"
save "$REOX" check --json "$study"
ok "check --json" json 'd["schema"] == "reox.check/1" and d["patients"] == 2 and len(d["rejections"]) == 2'
[ "$before" = "$(find "$study" -type f -exec sha256sum {} + | sort)" ] && pass || fail "check wrote something"
mkdir "$study/images/pet"
sed -i 's/images\/a.nii/images\/pet/' "$study/scans.csv"
refused "a DICOM folder" 3 'images/pet: .*DICOM.*not supported yet' "$REOX" check "$study"

# a filter is understood, not built: check says so where extract would refuse, which is where a scan of that tracer was made
cp "$study/study.json" "$tmp/whole.json"
features() { python3 - "$tmp/whole.json" "$study/study.json" "$1" <<'P'
import json, sys
d = json.load(open(sys.argv[1])); d["features"] = json.loads(sys.argv[3]); json.dump(d, open(sys.argv[2], "w"))
P
}
says_filter() { "$REOX" check "$study" 2>&1 | grep -q '^reox: study.json: filter in the settings of features: image filters are not built yet'; }
features '{"filter": {"type": "mean", "support": 3}}'
refused "a filter" 3 '^reox: study.json: filter in the settings of features: image filters are not built yet, expected none' "$REOX" check "$study"
features '{"by_tracer": {"FMISO": {"filter": {"type": "mean", "support": 3}}}}'
ok "a filter of the tracer" says_filter
features '{"by_tracer": {"FDG": {"filter": {"type": "mean", "support": 3}}}}'
if says_filter; then fail "a filter of a tracer without scans"; else pass; fi
cp "$tmp/whole.json" "$study/study.json"

# models: what cannot be fitted is refused by name before anything is fitted
model() { python3 - "$study/study.json" "$1" <<'P'
import json, sys
d = json.load(open(sys.argv[1])); d["models"] = [json.loads(sys.argv[2])]; json.dump(d, open(sys.argv[1], "w"))
P
}
model '{"name": "m", "method": "cxo", "formula": "Surv(os_months, os_event) ~ age"}'
refused "unknown method" 3 'models.m.method: unknown method cxo' "$REOX" check "$study"
model '{"name": "m", "method": "km", "formula": "Surv(os_months, os_event) ~ agee"}'
refused "km fits no protocol or the column is unknown" 3 'models.m' "$REOX" check "$study"


# names that two things would share
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, os_event) ~ age"}'
cp "$study/clinical.csv" "$tmp/clinical.csv"
sed -i '1s/histology/FMISO_pre_FHV/' "$study/clinical.csv"
refused "a column named like a variable, whatever the case" 3 'clinical.csv:1: column FMISO_pre_FHV is named like a variable' "$REOX" check "$study"
sed '1s/histology/fmiso_pre_visual/' "$tmp/clinical.csv" >"$study/clinical.csv"
refused "a reader's own column is none" 3 '^reox: images/pet' "$REOX" check "$study"
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, os_event) ~ fmiso_pre_fvh"}'
refused "the nearest variable" 3 'unknown column fmiso_pre_fvh.*perhaps fmiso_pre_fhv' "$REOX" check "$study"
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, sex) ~ age"}'
refused "Surv() of no endpoint" 3 'no declared endpoint' "$REOX" check "$study"
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, os_event) ~ age +"}'
refused "a formula that cannot be read" 3 'study.json: models.m: ' "$REOX" check "$study"
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, os_event) ~ age", "tise": "efron"}'
refused "an option with a slip" 3 "models.m: cox has no option 'tise'.*ties" "$REOX" check "$study"
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, os_event) ~ fmiso_mid_fhv"}'
refused "immortal time is told by check" 3 'models.m: .*immortal time' "$REOX" check "$study"
model '{"name": "m", "method": "power", "formula": "~age"}'
refused "a method without a table" 3 'power is for reox stat alone' "$REOX" check "$study"

# text among numbers: a model reads the column, so the cell is bad; else the column is text, and that is said
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, os_event) ~ dose"}'
printf 'patient,dose,os_months,os_event\nP1,60,12,1\nP2,61,12,1\nP3,62,12,0\nP4,63,12,0\nP5,high,12,0\n' >"$study/clinical.csv"
printf 'patient,timepoint,tracer,status\nP1,pre,FMISO,not_done\n' >"$study/scans.csv"
python3 -c "import json; p='$study/study.json'; d=json.load(open(p)); d['columns']={}; json.dump(d, open(p, 'w'))"
refused "text in a column that a model reads" 3 'clinical.csv:6: patient P5: dose is "high"' "$REOX" check "$study"
model '{"name": "m", "method": "cox", "formula": "Surv(os_months, os_event) ~ I(os_months > 3)"}'
refused "text in a column that none reads" 0 'warning: clinical.csv:6: dose is "high" where 4 of 5' "$REOX" check "$study"

save "$REOX" list features --json
ok "list features" json 'd["schema"] == "reox.list/1" and {"fhv", "tbr_max", "suv_peak"} <= {f["name"] for f in d["features"]} and all(f["definition"] and f["source"] and f["unit"] for f in d["features"])'
save "$REOX" list tracers --json
ok "list tracers" json 'len(d["tracers"]) == 9 and all(t["source"] for t in d["tracers"]) and [t["threshold"] for t in d["tracers"] if t["name"] == "FDG"] == [None]'
save "$REOX" list methods --json
ok "list methods" json 'len(d["methods"]) > 0 and all(m["summary"] for m in d["methods"])'
ok "list features for people" "$REOX" list features
refused "a list that is not there" 2 'findings.*expected features, tracers or methods' "$REOX" list findings
done_testing
