#!/bin/sh
# tests/reference/sts_study.sh: a study of eight real FDG scans, run from files to reports. Known of STS_001 (README of the data):
# SUVmax 7.9107, SUVmean 2.555, 366,079 mm3 of voxels. A tumour-to-reference ratio is the SUV over the reference value.
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"
data=$REFERENCE/data/sts/nifti
if [ ! -d "$data/STS_001" ]; then skip all "no reference data at $REFERENCE"; done_testing; fi

s=$tmp/s
mkdir -p "$s"
echo patient,site > "$s/clinical.csv"
echo patient,timepoint,tracer,status,image,units,roi_gtv,reference_value > "$s/scans.csv"
for i in 1 2 3 4 5 6 7 8; do
    p=STS_00$i
    mkdir "$s/$p"
    cp "$data/$p/PET_image.nii.gz" "$data/$p/PET_mask.nii.gz" "$s/$p/"
    echo "$p,limb" >> "$s/clinical.csv"
    echo "$p,pre,FDG,done,$p/PET_image.nii.gz,SUV,$p/PET_mask.nii.gz,2" >> "$s/scans.csv"
done
cat > "$s/study.json" <<'J'
{ "name": "Soft-tissue sarcoma, FDG", "clinical": "clinical.csv", "scans": "scans.csv", "timepoints": ["pre"],
  "hypoxia": { "FDG": { "threshold": 1.4, "operator": ">=" } } }
J
ok "run" "$REOX" run "$s"
ok "export" "$REOX" export "$s" --out "$tmp/out"
ok "every scan is in v_wide" sh -c "test \$(grep -c '^STS_00' '$tmp/out/v_wide.csv') = 8"
ok "nothing was refused" sh -c "test \$(grep -c . '$tmp/out/v_rejection.csv') = 1"
ok "a page for each patient" test -s "$s/reports/patient_008.pdf"

# value FILE COLUMN: of STS_001
value() { awk -F, -v c="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) k = i } $1 == "STS_001" { print $k }' "$tmp/out/$1"; }
near() { # NAME GOT WANT ABSOLUTE
    if awk -v a="$2" -v b="$3" -v d="$4" 'BEGIN { exit !(a != "" && a - b <= d && b - a <= d) }'; then pass; else fail "$1: $2, expected $3"; fi
}
max=$(value v_wide.csv fdg_pre_suv_max)
mean=$(value v_wide.csv fdg_pre_suv_mean)
near "SUVmax" "$max" 7.9107 0.00005
near "SUVmean" "$mean" 2.555 0.0005
near "TBRmax" "$(value v_wide.csv fdg_pre_tbr_max)" "$(awk -v x="$max" 'BEGIN { printf "%.17g", x / 2 }')" 1e-12
near "TBRmean" "$(value v_wide.csv fdg_pre_tbr_mean)" "$(awk -v x="$mean" 'BEGIN { printf "%.17g", x / 2 }')" 1e-12
near "volume of voxels" "$(value v_wide_fdg_pre.csv fdg_pre_morphology_volume_voxel_counting)" 366079 0.5
near "volume in mL" "$(value v_region.csv volume_ml)" 366.079 0.0005
done_testing
