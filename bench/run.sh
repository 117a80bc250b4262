#!/bin/sh
# bench/run.sh BUILD: what radiomics and statistics cost, in CPU time on this machine, each beside what it is held against.
# The last line says how many of the bounds are kept; exit code 1 when one is not.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
reox=$build/reox
reference=${REOX_REFERENCE:-../shared}
ct=$reference/data/ibsi/ct_phantom/nifti
sts=$reference/data/sts/nifti
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
kept=0 broken=0

# WHAT VALUE UNIT BOUND: at most so much.
bound() {
    if [ "$(awk -v a="$2" -v b="$4" 'BEGIN { print (a <= b) }')" = 1 ]; then kept=$((kept + 1)); word=; else broken=$((broken + 1)); word="   TOO MUCH"; fi
    printf '  %-52s %8s %-6s at most %s%s\n' "$1" "$2" "$3" "$4" "$word"
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
# WHAT BOUND-ON-TIME UNIT-OF-IT BOUND-ON-MIB COMMAND…; a bound of "3x" is in times of gzip.
whole() {
    what=$1 limit=$2 mib=$3; shift 3
    set -- $("$build/bench/process" 7 "$@") || exit 1
    case $limit in
        *x) bound "$what" "$(ratio "$1" "$gzip_s")" "x gzip" "${limit%x}" ;;
        *) bound "$what" "$1" s "$limit" ;;
    esac
    bound "$what, memory" "$2" MiB "$mib"
}

echo "Moran's I and Geary's C over all pairs of 2,000 voxels"
if "$build/bench/pairs"; then kept=$((kept + 1)); else broken=$((broken + 1)); echo "  MORE THAN 1e-12 APART"; fi

if [ -f "$ct/image/phantom.nii.gz" ]; then
    image=$ct/image/phantom.nii.gz mask=$ct/mask/mask.nii.gz
    echo "Stages, CT phantom configuration C, one thread"
    "$build/bench/stages" "$image" "$mask" "$reference/ibsi/settings/ct_C.json" HU | tee "$tmp/stages" || exit 1
    bound "the six texture families, configuration C" "$(awk '/six texture/ { print $(NF - 3) }' "$tmp/stages")" ms 17
    echo "Stages, CT phantom configuration A (four aggregations in 2D)"
    "$build/bench/stages" "$image" "$mask" "$reference/ibsi/settings/ct_A.json" HU || exit 1
    echo "Whole process, every family, one thread, reading included: least CPU of seven"
    set -- $("$build/bench/process" 7 gzip -dc "$image")
    gzip_s=$1
    echo "  gzip -dc of the phantom: $gzip_s s"
    for c in A:10x:80 B:10x:80 C:5x:80 D:5x:80 E:5x:80; do
        limit=${c#*:}
        whole "CT phantom, configuration ${c%%:*}" "${limit%:*}" "${limit#*:}" \
            "$reox" features "$image" "$mask" --settings "$reference/ibsi/settings/ct_${c%%:*}.json" --json --threads 1
    done
else
    echo "no CT phantom at $ct: its figures are left out"
fi
if [ -d "$sts" ]; then
    s=$sts/STS_001
    whole "STS_001 PET, default settings" 0.04 30 "$reox" features "$s/PET_image.nii.gz" "$s/PET_mask.nii.gz" --json --threads 1
    echo '{ "discretise": { "method": "fixed_bin_size", "bin_size": 0.25 } }' >"$tmp/pet.json"
    set --
    for d in "$sts"/STS_00[1-8]; do set -- "$@" "$d/PET_image.nii.gz" "$d/PET_mask.nii.gz"; done
    for i in 1 2 3 4 5; do "$build/bench/cohort" "$tmp/pet.json" "$@" || exit 1; done | sort -n | head -n 1 >"$tmp/cohort"
    bound "eight STS PETs in one process" "$(cut -d' ' -f1 "$tmp/cohort")" s 0.15
else
    echo "no PETs at $sts: their figures are left out"
fi
for part in statistics curves; do
    "bench/$part.sh" "$build" >"$tmp/$part" || exit 1
    sed '$d' "$tmp/$part"
    # shellcheck disable=SC2046
    set -- $(tail -n 1 "$tmp/$part")
    kept=$((kept + $1)) broken=$((broken + $2))
done
# A measurement, no verdict: machines differ, and a goal that is missed is for the reader to see.
echo "bench: $kept bounds kept, $broken broken"
