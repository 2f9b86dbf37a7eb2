# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts share. Source it first: it moves to the root of the tree and makes every failure end the script.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
export ROOT
JOBS=${JOBS:-$(nproc)}
CI=${CI:-}

say() {
    printf '== %s\n' "$*"
}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# configure PRESET [FOLDER OPTION...]: prepares build/FOLDER, named like the preset by default. Where it was prepared
# before, only what changed is looked at (new files, CMake's own files).
configure() {
    local preset=$1 folder=${2:-$1} log="build/configure-${2:-$1}.log"
    shift
    [ $# -eq 0 ] || shift
    local launcher=()
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    fi
    mkdir -p build
    if [ -f "build/$folder/build.ninja" ]; then
        ninja -C "build/$folder" build.ninja >"$log" 2>&1 && return
    elif cmake --preset "$preset" -B "build/$folder" "${launcher[@]}" "$@" >"$log" 2>&1; then
        return
    fi
    cat "$log" >&2
    fail "cannot configure build/$folder"
}

# build FOLDER [TARGET...]: builds quietly; the compiler's words are shown only when it fails.
build() {
    local folder=$1
    shift
    [ -f "build/$folder/build.ninja" ] || configure "$folder"
    local log="build/build-$folder.log"
    if ! nice ninja -C "build/$folder" -j "$JOBS" "$@" >"$log" 2>&1; then
        grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)|GLOB mismatch' "$log" >&2 || true
        fail "build/$folder does not build"
    fi
}

# The clients' Python. script/setup makes it.
python() {
    "$ROOT/.venv/bin/python" "$@"
}

# program PRESET NAME: the path of a built program, empty when there is none.
program() {
    find "build/$1" -type f -executable -name "$2" -not -path '*/CMakeFiles/*' 2>/dev/null | head -1
}
