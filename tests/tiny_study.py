# tests/tiny_study.py DIR SEED HAZARD months|days CHANGE [SPREAD]: a study of 90 patients with one tiny scan each (27 voxels in TBR, so FHV is
# a count over 27). Hazard a month = HAZARD * exp(1.5 FHV + 0.03 (age - 60) + SPREAD * (centre - 2)), another cause of event takes a third of
# it. CHANGE is JSON merged into study.json. Seeded by a linear congruential generator, the same everywhere.
import json, math, os, struct, sys
study, seed, base, unit, change = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], json.loads(sys.argv[5])
spread = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0
os.makedirs(study)
state = seed
def uniform():
    global state
    state = (6364136223846793005 * state + 1442695040888963407) % 2 ** 64
    return ((state >> 11) + 0.5) / 2 ** 53
def nifti(path, values, code, bits, fmt):
    h = bytearray(352)
    struct.pack_into("<i", h, 0, 348)
    struct.pack_into("<8h", h, 40, 3, 3, 3, 3, 1, 1, 1, 1)
    struct.pack_into("<hh", h, 70, code, bits)
    struct.pack_into("<4f", h, 76, 1, 4, 4, 4)
    struct.pack_into("<2f", h, 108, 352, 1)
    h[123] = 2
    struct.pack_into("<h", h, 254, 1)
    for i in range(3): struct.pack_into("<f", h, 280 + 20 * i, 4)
    h[344:348] = b"n+1\0"
    open(os.path.join(study, path), "wb").write(bytes(h) + struct.pack("<27" + fmt, *values))
nifti("mask.nii", [1] * 27, 2, 8, "B")
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
    nifti(p + ".nii", [2.0 if k < hot else 1.0 for k in range(27)], 16, 32, "f")
    scans.append(p + ",pre,FMISO,%s.nii,mask.nii,TBR,0" % p)
for name, lines in (("clinical", clinical), ("scans", scans)):
    open(os.path.join(study, name + ".csv"), "w").write("\n".join(lines) + "\n")
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
json.dump(merge(study_json, change), open(os.path.join(study, "study.json"), "w"))
