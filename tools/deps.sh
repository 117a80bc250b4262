#!/bin/sh
# tools/deps.sh: asks for each thing that reox needs and installs, with apt, only what is missing.
# LINT=1 asks for the tools of `make lint` as well.
set -eu

missing=""
want() { # PACKAGE TEST...: the package is needed when the test fails
    package=$1; shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
header() { for d in /usr/include /usr/include/nifti "/usr/include/$(uname -m)-linux-gnu"; do [ -e "$d/$1" ] && return 0; done; return 1; }
font() { ls /usr/share/fonts/truetype/liberation*/LiberationSans-Regular.ttf; }

want gcc                   command -v gcc
want libc6-dev             header stdlib.h
want make                  command -v make
want pkg-config            command -v pkg-config
want python3               command -v python3
want check                 header check.h
want libsqlite3-dev        header sqlite3.h
want libnifti2-dev         header nifti2_io.h
want libnifticdf-dev       header nifticdf.h
want zlib1g-dev            header zlib.h
want libdeflate-dev        header libdeflate.h
want libcjson-dev          header cjson/cJSON.h
want liblapacke-dev        header lapacke.h
want libopenblas-dev       header openblas_config.h
want libsleef-dev          header sleef.h
want libcairo2-dev         header cairo/cairo.h
want libpango1.0-dev       header pango-1.0/pango/pangocairo.h
want fonts-liberation      font
if [ "${LINT:-0}" = 1 ]; then
    want clang-tidy        command -v clang-tidy
    want cppcheck          command -v cppcheck
fi

[ -z "$missing" ] && exit 0
echo "installing:$missing" >&2
as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "make deps: needs root or sudo to install:$missing" >&2; exit 1; }
    as_root=sudo
fi
log=$(mktemp); trap 'rm -f "$log"' EXIT
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
