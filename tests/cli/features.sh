#!/bin/sh
# tests/cli/features.sh: reox features and reox hypoxia on a scan of six voxels, whose numbers are known by hand.
. "$(dirname "$0")/../lib.sh"

if ! python3 -c 'import json' 2>/dev/null; then skip "features" "no python3"; done_testing; fi

# Images of 8 x 3 x 3 voxels of 10 x 10 x 5 mm: 1 to 6 in a row, the mask over them, a blood region of three voxels.
python_made - "$tmp" <<'P'
import sys
from made import nifti
def write(name, voxels, mask=False): nifti(sys.argv[1] + '/' + name, voxels, (8, 3, 3), (10, 10, 5), mask)
at = lambda x, y, z: (z * 3 + y) * 8 + x
image, roi, blood, labels = [0.0] * 72, [0] * 72, [0] * 72, [0] * 72
for i in range(6):
    image[at(1 + i, 1, 1)] = i + 1.0
    roi[at(1 + i, 1, 1)] = 1
    labels[at(1 + i, 1, 1)] = 2
for x, v in ((0, 1.5), (1, 2.0), (2, 2.5)):
    image[at(x, 0, 2)] = v
    blood[at(x, 0, 2)] = labels[at(x, 0, 2)] = 1
write('pet.nii', image)
write('roi.nii', roi, True)
write('blood.nii', blood, True)
write('labels.nii', labels, True)
image[at(3, 1, 1)] = float('nan')
write('nan.nii', image)
P

# expect FILE EXPRESSION: the JSON document d satisfies it
expect() { python3 -c '
import json, sys
def strict(x): raise ValueError(x + " is not JSON")
d = json.load(open(sys.argv[1]), parse_constant=strict)
m = {x["name"]: x["value"] for x in d.get("metrics", d.get("features", []))}
why = {x["name"]: x.get("reason") for x in d.get("metrics", d.get("features", []))}
near = lambda a, b: abs(a - b) < 1e-12
assert eval(sys.argv[2]), (m, d.get("definition"), d.get("reference"))' "$@"; }

hypoxia() { "$REOX" hypoxia "$@" --json >"$tmp/h.json"; }
ok "hypoxia runs" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --reference "$tmp/blood.nii" --threshold 1.5
ok "hypoxia by hand" expect "$tmp/h.json" 'near(m["fhv"], 4/6) and near(m["hv_ml"], 2) and near(m["tbr_p95"], 2.875) and near(m["hypoxic_burden"], 1.5) and near(m["fhv_auc"], 5/6)'
ok "reference region" expect "$tmp/h.json" 'd["schema"] == "reox.hypoxia/1" and d["reference"] == {"voxels": 3, "mean": 2, "sd": 0.5, "cov": 0.25}'
ok "definition" expect "$tmp/h.json" 'd["definition"]["threshold"] == 1.5 and d["definition"]["operator"] == ">=" and d["definition"]["reference"].endswith("blood.nii")'
ok "labels and a value" hypoxia "$tmp/pet.nii" "$tmp/labels.nii#2" --reference 2 --threshold 1.5 --operator '>'
ok "labels and a value by hand" expect "$tmp/h.json" 'near(m["fhv"], 0.5) and d["reference"] == {"voxels": None, "mean": 2, "sd": None, "cov": None}'
ok "no reference succeeds" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --threshold 1.5
ok "no reference is undefined" expect "$tmp/h.json" 'm["suv_max"] == 6 and m["fhv"] is None and "reference" in why["fhv"] and m["tbr_max"] is None'
ok "a ratio has reference 1" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --units TBR --threshold 2
ok "a ratio by hand" expect "$tmp/h.json" 'near(m["fhv"], 5/6) and m["suv_max"] is None and d["reference"]["mean"] == 1'
ok "a preset" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --reference 2 --tracer '18F-FMISO'
ok "a preset's threshold" expect "$tmp/h.json" 'd["definition"]["tracer"] == "FMISO" and d["definition"]["threshold"] == 1.4'
refused "Bq/mL is warned of" 0 'reox: warning: .*Bq/mL' "$REOX" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --units Bq/mL
refused "unknown tracer is warned of" 0 "reox: warning: .*XYZ" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --tracer XYZ
refused "a threshold below 0" 2 "threshold: -1, expected a ratio" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --reference 2 --threshold -1
refused "bad operator" 2 "operator.*'=='" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --reference 2 --operator ==
refused "bad units" 2 "units: 'suv'" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --units suv
refused "negative reference" 2 "reference: -1" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/roi.nii" --reference=-1
refused "NaN in the ROI" 3 'nan.nii: voxel \(3, 1, 1\) of the ROI' "$REOX" hypoxia "$tmp/nan.nii" "$tmp/roi.nii" --reference 2
refused "no such label" 3 "labels.nii#3" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/labels.nii#3" --reference 2
refused "a label that is no number" 3 "labels.nii: label .two. behind '#', expected a whole number from 1 to 1000000" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/labels.nii#two" --reference 2
refused "several labels" 3 "labels.nii" "$REOX" hypoxia "$tmp/pet.nii" "$tmp/labels.nii" --reference 2
refused "no image" 3 "nothing.nii" "$REOX" hypoxia "$tmp/nothing.nii" "$tmp/roi.nii" --reference 2

features() { "$REOX" features "$@" --json >"$tmp/f.json" 2>"$tmp/f.err"; }
ok "features run" features "$tmp/pet.nii" "$tmp/roi.nii"
ok "features by hand" expect "$tmp/f.json" 'd["schema"] == "reox.features/1" and d["roi"]["voxels"] == 6 and near(d["roi"]["volume_ml"], 3) and near(m["statistics_mean_intensity"], 3.5) and m["suv_max"] == 6'
ok "a small ROI is warned of" grep -q 'reox: warning: .*5 mL' "$tmp/f.err"
ok "diagnostics alone" sh -c "echo '{\"families\": []}' >$tmp/s.json && $REOX features $tmp/pet.nii $tmp/roi.nii --settings $tmp/s.json --json >$tmp/f.json"
ok "no features asked, none given" expect "$tmp/f.json" 'd["features"] == [] and d["diagnostics"]["initial_roi"]["voxels"] == 6 and d["settings"]["families"] == []'
echo '{"quantity": "tbr"}' >"$tmp/s.json"
ok "tbr without a reference" features "$tmp/pet.nii" "$tmp/roi.nii" --settings "$tmp/s.json"
ok "is undefined, shape and SUV are not" expect "$tmp/f.json" 'm["statistics_mean_intensity"] is None and m["suv_max"] == 6 and m["morphology_volume_voxel_counting"] > 0'
refused "and is warned of" 0 'warning: .*pet.nii: quantity tbr: no reference' "$REOX" features "$tmp/pet.nii" "$tmp/roi.nii" --settings "$tmp/s.json"
ok "tbr with a reference" features "$tmp/pet.nii" "$tmp/roi.nii" --settings "$tmp/s.json" --reference "$tmp/blood.nii"
ok "tbr by hand" expect "$tmp/f.json" 'near(m["statistics_mean_intensity"], 1.75) and near(m["tbr_max"], 3)'
echo '{"discretise": {"bins": 3}}' >"$tmp/s.json"
refused "a slip in the settings" 3 's.json: discretise.bins' "$REOX" features "$tmp/pet.nii" "$tmp/roi.nii" --settings "$tmp/s.json"
echo '{"filter": {"type": "mean", "support": 3}}' >"$tmp/s.json"
refused "image filters are named" 3 'filter' "$REOX" features "$tmp/pet.nii" "$tmp/roi.nii" --settings "$tmp/s.json"
ok "the table" sh -c "$REOX features $tmp/pet.nii $tmp/roi.nii 2>/dev/null | grep -q 'statistics_mean_intensity .* 3.5 SUV'"
ok "the table of hypoxia" sh -c "$REOX hypoxia $tmp/pet.nii $tmp/roi.nii --reference 2 --threshold 1.5 | grep -q '^hv_ml .* 2 mL'"
ok "the same bytes twice" sh -c "$REOX features $tmp/pet.nii $tmp/roi.nii --json -q >$tmp/a; $REOX features $tmp/pet.nii $tmp/roi.nii --json -q --threads 2 >$tmp/b; cmp $tmp/a $tmp/b"
done_testing
