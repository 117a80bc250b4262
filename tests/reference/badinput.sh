# tests/reference/badinput.sh: the bad-input set of the reference data: images, masks, tables, protocol, database.
# shellcheck disable=SC1091
. "$(dirname "$0")/../lib.sh"
set=$REFERENCE/badinput
if [ ! -f "$set/run_badinput.py" ]; then skip all "no reference data at $REFERENCE"; done_testing; fi
slow=1 adapter=$set/adapter.json
if [ "$MODE" = asan ]; then
    slow=10 adapter=$tmp/adapter.json
    sed 's/"sanitizer": false/"sanitizer": true/' "$set/adapter.json" >"$adapter"
fi
for kind in image mask clinical scans config db; do
    counted "$kind" python3 "$set/run_badinput.py" --set "$set" --adapter "$adapter" --program "$REOX" --slow "$slow" --kind "$kind"
done
done_testing
