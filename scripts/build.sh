#!/usr/bin/env bash
# Configures a CMake preset if that was never done, and builds it; everything it says goes to stderr, so that a
# recipe's own output stays alone on stdout. With nothing to build it says nothing.
# Usage: scripts/build.sh [PRESET [TARGET…]]   (default: release, everything)
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh
source scripts/build_lock.sh
preset=${1:-release}
targets=("${@:2}")
readonly folder=build/$preset
exec >&2
grep -q "\"name\": \"$preset\", \"configurePreset\"" CMakePresets.json ||
  fail "there is no preset '$preset'; CMakePresets.json has release, debug, asan, tsan and fuzz"
scripts/setup.sh build
lock_build

announced=0
announce() {
  if [[ $announced -eq 0 ]]; then say "building Cardea ($preset), this takes some minutes the first time"; fi
  announced=1
}

# Ninja stops a dry run at build.ninja's own rule, which is never up to date because it looks for new source files;
# so that rule runs first by itself, and the dry run goes without it.
has_work() {
  ninja -C "$folder" --quiet build.ninja || return 0
  sed '/^build build\.ninja:/,/^$/d' "$folder/build.ninja" >"$folder/probe.ninja"
  ! ninja -C "$folder" -f probe.ninja -n ${targets[@]+"${targets[@]}"} 2>/dev/null | grep -q 'no work to do'
}

if [[ ! -f $folder/build.ninja ]]; then
  announce
  launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  cmake --preset "$preset" ${launcher[@]+"${launcher[@]}"}
fi
if has_work; then
  announce
  ninja -C "$folder" ${targets[@]+"${targets[@]}"}
fi
