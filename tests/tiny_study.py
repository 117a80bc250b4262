# tests/tiny_study.py DIR SEED HAZARD months|days CHANGE [SPREAD]: a study of 90 patients with one tiny scan each (27 voxels in TBR, so FHV is
# a count over 27). Hazard a month = HAZARD * exp(1.5 FHV + 0.03 (age - 60) + SPREAD * (centre - 2)), another cause of event takes a third of
# it. CHANGE is JSON merged into study.json.
import json, math, os, sys

from made import Numbers, nifti

study, seed, base, unit, change = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], json.loads(sys.argv[5])
spread = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0
os.makedirs(study)
uniform, at = Numbers(seed).uniform, lambda name: os.path.join(study, name)
nifti(at("mask.nii"), [1] * 27, mask=True)
days = {"months": 30.4375, "days": 1.0}[unit]
clinical, scans = ["patient,age,stage,time,event,code,resp,centre,dose,copies"], ["patient,timepoint,tracer,image,roi_gtv,units,day"]
for i in range(90):
    p, hot, age, stage = "P%03d" % i, int(28 * uniform()), round(45 + 35 * uniform(), 1), "ABC"[int(3 * uniform())]
    centre = i * 7 % 5
    hazard = base * math.exp(1.5 * hot / 27 + 0.03 * (age - 60) + spread * (centre - 2))
    death, end = -math.log(uniform()) / hazard, 20 + 30 * uniform()
    t, d = min(death, end), int(death <= end)
    cause = 0 if not d else 1 if uniform() < 0.7 else 2
    resp = int(uniform() < 1 / (1 + math.exp(3 * hot / 27 - 1.5)))
    clinical.append("%s,%.1f,%s,%.17g,%d,%d,%d,c%d,%.2f,%d" % (p, age, stage, t * 30.4375 / days, d, cause, resp, centre, 0.1 * (i % 4), 1 + i % 3))
    nifti(at(p + ".nii"), [2.0 if k < hot else 1.0 for k in range(27)])
    scans.append(p + ",pre,FMISO,%s.nii,mask.nii,TBR,0" % p)
for name, lines in (("clinical", clinical), ("scans", scans)):
    open(at(name + ".csv"), "w").write("\n".join(lines) + "\n")
right = " ~ fmiso_pre_fhv + age"
study_json = {"clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre"], "features": {"families": ["hypoxia"]},
    "hypoxia": {"FMISO": {"threshold": 1.4, "operator": ">="}},
    "columns": {"age": {"label": "Age", "unit": "years"}, "stage": {"levels": ["A", "B", "C"]}},
    "endpoints": {"os": {"time": "time", "event": "event", "time_unit": unit}, "fail": {"time": "time", "event": "code", "cause": 1, "time_unit": unit},
                  "response": {"column": "resp"}},
    "board": {"endpoint": "os", "horizon": 12 * 30.4375 / days, "models": ["os"]},
    "models": [{"name": "os", "method": "cox", "formula": "Surv(time, event)" + right + " + stage"},
               {"name": "fail", "method": "cox", "formula": "Surv(time, code)" + right},
               {"name": "resp", "method": "logistic", "formula": "resp" + right},
               {"name": "curves", "method": "km", "formula": "Surv(time, event) ~ stage"}]}
def merge(a, b):
    for k, v in b.items(): a[k] = merge(a[k], v) if isinstance(v, dict) and k in a else v
    return a
json.dump(merge(study_json, change), open(at("study.json"), "w"))
