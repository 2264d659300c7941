#!/usr/bin/env bash
# Configures a CMake preset if that was never done, and builds it; everything it says goes to stderr, so that a
# recipe's own output stays alone on stdout. Usage: scripts/build.sh PRESET
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
exec >&2
scripts/setup.sh build
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
[[ -f build/$preset/build.ninja ]] || cmake --preset "$preset" "${launcher[@]}"
cmake --build --preset "$preset"
