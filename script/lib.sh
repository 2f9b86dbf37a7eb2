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

# configure PRESET: prepares build/PRESET. Configuring again costs about a second, so it is done only once;
# CMake itself notices later changes of its own files.
configure() {
    local preset=$1
    local launcher=()
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    fi
    if [ ! -f "build/$preset/build.ninja" ]; then
        mkdir -p build
        if ! cmake --preset "$preset" "${launcher[@]}" >"build/configure-$preset.log" 2>&1; then
            cat "build/configure-$preset.log" >&2
            fail "cannot configure the preset $preset"
        fi
    fi
}

# build PRESET [TARGET...]: builds quietly; the compiler's words are shown only when it fails.
build() {
    local preset=$1
    shift
    configure "$preset"
    local log="build/build-$preset.log"
    if ! nice ninja -C "build/$preset" -j "$JOBS" "$@" >"$log" 2>&1; then
        cat "$log" >&2
        fail "the preset $preset does not build"
    fi
}

# has_target PRESET TARGET: whether CMake knows that target (the tree may be older than it).
has_target() {
    configure "$1"
    ninja -C "build/$1" -t query "$2" >/dev/null 2>&1
}

# The clients' Python. script/setup makes it.
python() {
    "$ROOT/.venv/bin/python" "$@"
}

# program PRESET NAME: the path of a built program, empty when there is none.
program() {
    find "build/$1" -type f -executable -name "$2" -not -path '*/CMakeFiles/*' 2>/dev/null | head -1
}
