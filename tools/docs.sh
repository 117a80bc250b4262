#!/bin/sh
# tools/docs.sh REOX DIR: documentation that is made from the program's own registries, so that it cannot fall behind them.
set -eu
reox=$1 dir=$2
mkdir -p "$dir"
{
    printf '# Features\n\n'
    printf 'Made by `make docs` from the registry (`features/features.def`). Name, IBSI code, unit, definition, source.\n\n```\n'
    "$reox" list features
    printf '```\n'
} > "$dir/features.md"
{
    printf '# Tracers\n\nMade by `make docs` from `literature/tracers.json`.\n\n```\n'
    "$reox" list tracers
    printf '```\n'
} > "$dir/tracers.md"
{
    printf '# Methods\n\nMade by `make docs` from the methods table (`stats/methods.def`).\n\n```\n'
    "$reox" list methods
    printf '```\n'
} > "$dir/methods.md"
