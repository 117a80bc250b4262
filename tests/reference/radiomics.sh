#!/bin/sh
# tests/reference/radiomics.sh: `reox features` against the IBSI reference values and against the consensus on real tumours.
. "$(dirname "$0")/../lib.sh"

if command -v python3 >/dev/null && [ -f "$REFERENCE/ibsi/check_ibsi1.py" ] && [ -d "$REFERENCE/data/ibsi" ]; then
    counted "IBSI 1: digital phantom and CT phantom A to E" python3 "$REFERENCE/ibsi/check_ibsi1.py" --reox "$REOX"
else
    skip "IBSI 1" "no reference data at $REFERENCE/ibsi, or no python3"
fi
if command -v python3 >/dev/null && [ -f "$REFERENCE/ibsi/sts_consensus.csv" ] && [ -d "$REFERENCE/data/sts/nifti" ]; then
    counted "eight soft-tissue sarcomas" python3 "$here/tests/reference/sts_consensus.py" --reox "$REOX" --reference "$REFERENCE"
else
    skip "eight soft-tissue sarcomas" "no reference data at $REFERENCE/ibsi, or no python3"
fi
done_testing
